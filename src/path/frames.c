/* Taking frames off. Called by relay.c, on the loop. */
#include "path/frames.h"

#include "wire/eventstream.h"

ssize_t frames_take(struct request *r, struct str bytes, struct buf *out)
{
	struct eventstream_message m;
	size_t taken = 0;

	for (;;) {
		switch (eventstream_next(str_part(bytes, taken, bytes.len), &m)) {
		case EVENTSTREAM_MORE:
			return (ssize_t)taken;
		case EVENTSTREAM_BAD:
			return -1;
		case EVENTSTREAM_MESSAGE:
			if (eventstream_put_event(out, &m, r->events, r->scratch) < 0)
				return -1;
			taken += m.raw.len;
		}
	}
}
