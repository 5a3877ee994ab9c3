/* Looking around at start: environment variables, and GET /v1/models of Ollama, llama.cpp and
 * vLLM on their usual loopback ports. Blocking, with short time limits; called before anything
 * is served. Never prints a key. */
#include "cli/found.h"

#include "base/json_read.h"
#include "base/url.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

enum { CONNECT_MS = 100, ANSWER_MS = 500, ANSWER_BYTES = 256 * 1024 };

static int connect_local(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_usec = ANSWER_MS * 1000};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_usec = CONNECT_MS * 1000},
	           sizeof limit);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void read_all(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t got;

	while ((got = read(fd, piece, sizeof piece)) > 0 && !buf_is_over(out))
		buf_put(out, (struct str){piece, (size_t)got});
}

/* The JSON object in an answer: HTTP/1.0 asks for neither chunks nor keep-alive. */
static struct str body_of(struct str answer)
{
	size_t end = str_find(answer, STR("\r\n\r\n"));

	return str_starts_with(answer, STR("HTTP/1.")) ? str_part(answer, end + 4, answer.len)
	                                               : STR("");
}

static void take_models(const struct json *doc, struct arena *arena, struct config_found *out)
{
	uint32_t list = json_get(doc, json_root(doc), STR("data"));

	out->local_models = ARENA_ARRAY(arena, struct str, json_count(doc, list) + 1);
	JSON_EACH(doc, list, model)
	{
		struct str id = json_text(doc, json_get(doc, model, STR("id")), arena);

		if (id.len)
			out->local_models[out->local_model_count++] = arena_copy(arena, id);
	}
}

static bool ask_local(int port, struct arena *arena, struct config_found *out)
{
	static const struct str ask =
	    STR_INIT("GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
	int fd = connect_local(port);
	struct json_error error;
	struct json doc;
	struct buf answer;

	if (fd < 0)
		return false;
	buf_init(&answer, ANSWER_BYTES);
	json_init(&doc);
	if (write(fd, ask.ptr, ask.len) == (ssize_t)ask.len)
		read_all(fd, &answer);
	close(fd);
	if (json_read(&doc, body_of(buf_str(&answer)), &error) == 0)
		take_models(&doc, arena, out);
	json_release(&doc);
	buf_release(&answer);
	return out->local_model_count > 0;
}

static bool is_here(const struct config_offer *offer, struct arena *arena, struct config_found *out)
{
	struct url url;

	*out = (struct config_found){.provider = offer->provider, .base_url = offer->base_url};
	if (offer->env.len) {
		out->api_key = offer->value;
		return offer->has_key;
	}
	return !offer->is_demo && url_read(offer->base_url, &url) == NULL &&
	       ask_local(url.port, arena, out);
}

int found_look(struct arena *arena, struct config_found *found)
{
	struct config_offer *offers;
	int offer_count = config_offers(arena, &offers), count = 0;

	for (int i = 0; i < offer_count && count < FOUND_MAX; i++)
		if (is_here(&offers[i], arena, &found[count]))
			count++;
	return count;
}
