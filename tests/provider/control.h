/* The side door: requests under /_flux/ on any listener. See README. */
#ifndef TESTS_PROVIDER_CONTROL_H
#define TESTS_PROVIDER_CONTROL_H

struct peer;

void control_answer(
    struct peer *); /* the request is whole; gives its answer through peer_answer_raw */

#endif
