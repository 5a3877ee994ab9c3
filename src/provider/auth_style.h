/* Ways to come by a credential, one row each: what is asked, one exchange after another, and what
 * is made of the answers. Private to provider/auth*.c and keeper.c. No I/O but the files that the
 * configuration names; on the keeper's thread. */
#ifndef PROVIDER_AUTH_STYLE_H
#define PROVIDER_AUTH_STYLE_H

#include "config/config.h"
#include "front/http1.h"

/* What was granted. Texts in the work's arena; secret. */
struct auth_grant {
	struct str bearer;                  /* or */
	struct str key_id, secret, session; /* AWS's */
	int64_t life_s;                     /* from now on; 0: it lasts */
};

/* One refresh, from its first exchange to its grant. */
struct auth_work {
	const struct config_auth *auth;
	struct arena *arena; /* wiped at its end */
	int64_t now_s;       /* of the other side's clock, as far as it is known */
	int step;            /* exchanges that are done */
	struct str token;    /* what an exchange gives to the next */
	struct str name;

	/* The request: filled by `ask`. */
	struct str method; /* GET, POST, PUT */
	struct str path;   /* behind that of the configured URL */
	struct str lines;  /* further header lines, each with CRLF */
	struct str body;   /* of a form; empty: none */

	struct auth_grant grant; /* filled by `hear` */
};

enum auth_heard {
	AUTH_GRANTED,
	AUTH_GOES_ON, /* with the next exchange */
	AUTH_BROKEN,  /* f: why, in words without secrets */
};

struct auth_style {
	/* -1: nothing can be asked: a file is not there. */
	int (*ask)(struct auth_work *, struct fail *);
	/* The body of an answer with status 200. */
	enum auth_heard (*hear)(struct auth_work *, struct str body, struct fail *);
};

extern const struct auth_style auth_aws_keys, auth_aws_instance, auth_aws_container,
    auth_aws_web_identity, auth_google_key_file, auth_google_instance, auth_entra;

const struct auth_style *auth_style_of(enum config_auth_style);

/* The text of that name of the configuration; empty: absent. */
#define AUTH_TEXT(work, name) ((work)->auth->texts[CONFIG_AUTH_TEXT_##name])

enum { AUTH_FILE_BYTES_MAX = 64 * 1024 };

/* All of a file, without blanks at its end. Arena. */
int auth_read_file(struct str name, struct arena *, struct str *out, struct fail *) MUST_USE;
/* `&name=value`, escaped; the first without `&`. */
void auth_put_field(struct buf *form, struct str name, struct str value);
/* RFC 6749 5.1: {"access_token","expires_in"}. */
enum auth_heard auth_hear_bearer(struct auth_work *, struct str body, struct fail *);

#endif
