/* What comes before HTTP on a connection: the TLS handshake. Called by conn_read.c. */
#include "front/conn.h"

void conn_open(struct conn *c, char *bytes, size_t len)
{
	conn_read_cipher(c, (struct str){bytes, len});
}
