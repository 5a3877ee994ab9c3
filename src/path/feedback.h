/* POST /v1/feedback {"request_id": "...", "should_be": "fast|standard|reasoning"}: somebody says
 * which tier a request should have had. Kept beside the record of its decision, for `fluxrouter
 * tune`; changes no decision by itself. */
#ifndef PATH_FEEDBACK_H
#define PATH_FEEDBACK_H

#include "path/request.h"

/* An endpoint's answer; called again whenever the request is resumed. While it looks the decision
 * up it has neither begun an answer nor failed. f: MISSING_FIELD, INVALID_VALUE, REQUEST_NOT_FOUND
 * (also for another account's request), ENDPOINT_NOT_SERVED where decisions are not recorded,
 * OVERLOADED. */
void feedback_answer(struct request *);

/* When the request goes. A look-up that is under way ends by itself. */
void feedback_release(struct request *);

#endif
