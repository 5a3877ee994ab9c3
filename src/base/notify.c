/* One datagram for each message, never waited for. An address that begins with @ is abstract
 * (unix(7)). Called by the daemon. */
#include "base/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 256 };

static void send_to(struct str path, struct str message)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len);
	int fd;

	if (path.len == 0 || path.len >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path.ptr, path.len);
	if (path.ptr[0] == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody there, or no room: the service goes on all the same. */
	if (sendto(fd, message.ptr, message.len, MSG_DONTWAIT | MSG_NOSIGNAL,
	           (const struct sockaddr *)&to, len) >= 0)
		message.len = 0;
	close(fd);
}

void notify_say(const char *format, ...)
{
	char text[MESSAGE_BYTES];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	must(len > 0 && (size_t)len < sizeof text);
	send_to(str_of(getenv("NOTIFY_SOCKET")), (struct str){text, (size_t)len});
}
