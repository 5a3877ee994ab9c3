/* AWS's binary event stream, cut into messages and read as server-sent events of the messages
 * dialect.
 *
 *	4  total length   4  length of headers   4  CRC-32 of these eight
 *	headers           1 name length, name, 1 type, value; type 7: 2 length, text
 *	payload
 *	4  CRC-32 of all before it               all big endian
 *
 * Source: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html (the encoding), and
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
 * (its events: `chunk` with {"bytes": base64}, and exceptions). Pure. */
#ifndef WIRE_EVENTSTREAM_H
#define WIRE_EVENTSTREAM_H

#include "base/buf.h"
#include "base/json_read.h"

#define EVENTSTREAM_TYPE STR("application/vnd.amazon.eventstream")

struct eventstream_message {
	struct str raw;          /* all of its bytes */
	struct str message_type; /* event, exception, error */
	struct str name;         /* :event-type, :exception-type or :error-code */
	struct str payload;
};

enum eventstream_found {
	EVENTSTREAM_MESSAGE,
	EVENTSTREAM_MORE, /* come again with the same bytes and more behind them */
	EVENTSTREAM_BAD,  /* a checksum or a length is wrong: nothing behind it can be read */
};

/* The first whole message in `bytes`, which begin where the last one ended. Borrows. */
enum eventstream_found eventstream_next(struct str bytes, struct eventstream_message *out);

/* The message as an event of the messages dialect: `event: TYPE`, its JSON as it came, and for
 * exceptions an error event. Messages that carry none of these put nothing. -1: a chunk that is no
 * chunk. `doc` is reused. */
int eventstream_put_event(struct buf *, const struct eventstream_message *, struct json *doc,
                          struct arena *) MUST_USE;

#endif
