/* The simulator itself: an HTTP server on a loop of its own. Private to demo. */
#ifndef DEMO_SIMULATOR_H
#define DEMO_SIMULATOR_H

/* Listens on a free port of 127.0.0.1, writes it as an int to `lifeline`, and serves until that
 * is closed at the other end. */
void simulator_run(int lifeline);

#endif
