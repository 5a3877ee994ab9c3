/* The resolver: a list of names, each asked for, known or failed.
 *
 * 	          asked                 answer, failure
 * 	NAME_NEW -------> NAME_ASKING ------------------> NAME_KNOWN
 * 	                  callers wait <----------------- answers at once
 * 	                                 asked, too old
 *
 * Invariants: a name in NAME_ASKING has a request with libuv's thread pool and is freed only by
 * that request's callback; when the resolver dies before it, the name is orphaned (resolver
 * NULL). Names come from the configuration, so there are few: a list is searched from front to
 * back, and none is ever dropped.
 *
 * Called by dial. THREADS: getaddrinfo runs in libuv's pool and touches only its own request.
 * Must never block. */
#include "upstream/resolve.h"

#include "base/clock.h"
#include "limits.h"

enum name_state { NAME_NEW, NAME_ASKING, NAME_KNOWN };

struct name {
	struct list_node node;
	struct resolver *resolver; /* NULL: orphan */
	enum name_state state;
	int64_t expires_ns;
	struct list waiting; /* of struct resolve_wait */
	struct addresses found;
	uv_getaddrinfo_t request;
	struct str host;
	char text[];
};

struct resolver {
	struct loop *loop;
	struct list names;
};

/* --- addresses --- */

void address_set_port(union address *a, int port)
{
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons((uint16_t)port);
	else
		a->v4.sin_port = htons((uint16_t)port);
}

const char *address_text(const union address *a, char out[ADDRESS_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN] = "";

	if (a->any.sa_family == AF_INET6) {
		uv_ip6_name(&a->v6, host, sizeof host);
		snprintf(out, ADDRESS_TEXT_BYTES, "[%s]:%d", host, ntohs(a->v6.sin6_port));
	} else {
		uv_ip4_name(&a->v4, host, sizeof host);
		snprintf(out, ADDRESS_TEXT_BYTES, "%s:%d", host, ntohs(a->v4.sin_port));
	}
	return out;
}

static bool read_address(struct str host, struct addresses *out)
{
	char text[INET6_ADDRSTRLEN + 32]; /* with a zone: fe80::1%eth0 */

	if (host.len >= sizeof text)
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	if (uv_ip4_addr(text, 0, &out->list[0].v4) && uv_ip6_addr(text, 0, &out->list[0].v6))
		return false;
	out->count = 1;
	return true;
}

static bool has_address(const struct addresses *known, const struct sockaddr *a, size_t len)
{
	for (int i = 0; i < known->count; i++)
		if (memcmp(&known->list[i], a, len) == 0)
			return true;
	return false;
}

/* The next of that family from *at on, or of any family but it when `same` is false. */
static const struct addrinfo *next_of(const struct addrinfo *at, int family, bool same)
{
	while (at && (at->ai_family == family) != same)
		at = at->ai_next;
	return at;
}

static void add_address(struct addresses *out, const struct addrinfo *info)
{
	if (out->count == RESOLVE_ADDRESSES || info->ai_addrlen > sizeof out->list[0])
		return;
	if (has_address(out, info->ai_addr, info->ai_addrlen))
		return;
	memcpy(&out->list[out->count++], info->ai_addr, info->ai_addrlen);
}

static void interleave(const struct addrinfo *all, struct addresses *out)
{
	int first = all->ai_family;
	const struct addrinfo *same = all, *other = next_of(all, first, false);

	while (same || other) {
		if (same) {
			add_address(out, same);
			same = next_of(same->ai_next, first, true);
		}
		if (other) {
			add_address(out, other);
			other = next_of(other->ai_next, first, false);
		}
	}
}

/* --- names --- */

static struct name *find_name(struct resolver *r, struct str host)
{
	for (struct list_node *n = r->names.head.next; n != &r->names.head; n = n->next) {
		struct name *name = LIST_OBJECT(n, struct name, node);

		if (str_eq_nocase(name->host, host))
			return name;
	}
	return NULL;
}

static struct name *add_name(struct resolver *r, struct str host)
{
	struct name *name = mem_get(sizeof *name + host.len + 1);

	name->resolver = r;
	memcpy(name->text, host.ptr, host.len);
	name->host = (struct str){name->text, host.len};
	list_init(&name->waiting);
	list_push(&r->names, &name->node);
	return name;
}

static void name_learn(struct name *name, int status, const struct addrinfo *all)
{
	int64_t ttl_ms = RESOLVE_FAILED_TTL_MS;

	name->found.count = 0;
	if (status == 0 && all)
		interleave(all, &name->found);
	if (name->found.count)
		ttl_ms = LIMIT_RESOLVE_TTL_MS;
	else
		snprintf(name->found.problem, sizeof name->found.problem, "%s",
		         status ? uv_strerror(status) : "no address");
	name->state = NAME_KNOWN;
	name->expires_ns = clock_mono_ns() + ttl_ms * 1000000;
}

/* Those who wait may ask again or cancel others from their call: the list is taken from one by
 * one. */
static void name_tell(struct name *name)
{
	struct list_node *node;

	while ((node = list_pop(&name->waiting))) {
		struct resolve_wait *wait = LIST_OBJECT(node, struct resolve_wait, node);

		wait->on_addresses(wait, &name->found);
	}
}

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *all)
{
	struct name *name = request->data;

	if (name->resolver) {
		loop_woke(name->resolver->loop);
		name_learn(name, status, all);
		name_tell(name);
	} else {
		mem_put(name);
	}
	uv_freeaddrinfo(all);
}

static void name_ask(struct name *name)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	int status;

	name->state = NAME_ASKING;
	name->request.data = name;
	status = uv_getaddrinfo(&name->resolver->loop->uv, &name->request, on_looked_up, name->text,
	                        NULL, &hints);
	if (status == 0)
		return;
	name_learn(name, status, NULL); /* a host that is no name at all: too long, bad IDNA */
	name_tell(name);
}

/* --- asking --- */

void resolve(struct resolver *r, struct str host, struct resolve_wait *wait)
{
	struct addresses literal = {0};
	struct name *name;

	if (read_address(host, &literal)) {
		wait->on_addresses(wait, &literal);
		return;
	}
	name = find_name(r, host);
	if (name == NULL)
		name = add_name(r, host);
	if (name->state == NAME_KNOWN && clock_mono_ns() < name->expires_ns) {
		wait->on_addresses(wait, &name->found);
		return;
	}
	list_push(&name->waiting, &wait->node);
	if (name->state != NAME_ASKING)
		name_ask(name);
}

void resolve_cancel(struct resolve_wait *wait)
{
	list_remove(&wait->node);
}

struct resolver *resolver_new(struct loop *loop)
{
	struct resolver *r = mem_get(sizeof *r);

	r->loop = loop;
	list_init(&r->names);
	return r;
}

void resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;
	struct list_node *node;

	if (r == NULL)
		return;
	while ((node = list_pop(&r->names))) {
		struct name *name = LIST_OBJECT(node, struct name, node);

		must(list_is_empty(&name->waiting));
		if (name->state == NAME_KNOWN) {
			mem_put(name);
			continue;
		}
		name->resolver = NULL;
		uv_cancel((uv_req_t *)&name->request);
	}
	mem_put(r);
	*resolver = NULL;
}
