/* Plans, accounts, teams, users and keys of them, in the store. */
#include "place.h"
#include "store/owner.h"

static struct arena arena;
static struct fail f;

static struct store *begin(const struct place *p)
{
	struct store *s = NULL;

	fail_init(&f, &arena);
	must(store_open(p->where, STORE_CREATE, &s, &f) == 0);
	return s;
}

struct seen {
	struct store_owner owners[32];
	int count, stop_at;
};

static bool on_owner(void *arg, const struct store_owner *o)
{
	struct seen *seen = arg;

	must(seen->count < 32);
	seen->owners[seen->count++] = *o;
	return seen->count != seen->stop_at;
}

static struct seen owners_after(struct store *s, int64_t after)
{
	struct seen seen = {.stop_at = -1};

	CHECK(store_owners_after(s, after, &arena, on_owner, &seen, &f) == 0);
	return seen;
}

static struct store_owner find(struct store *s, enum store_owner_kind kind, int64_t account_id,
                               struct str name)
{
	struct store_owner found = {.id = -1};

	CHECK(store_owner_find(
	          s, &(struct store_owner){.kind = kind, .account_id = account_id, .name = name},
	          &arena, &found, &f) == 0);
	return found;
}

static int64_t put(struct store *s, struct store_owner o)
{
	CHECK(store_owner_put(s, &o, &f) == 0);
	CHECK(o.id > 0 && o.revision > 0);
	return o.id;
}

static bool is_refused(struct store *s, struct store_owner o)
{
	struct store_owner before = o;

	fail_init(&f, &arena);
	return store_owner_put(s, &o, &f) < 0 && f.kind == FAIL_INVALID_VALUE &&
	       o.id == before.id && o.revision == before.revision;
}

static void test_kinds(void)
{
	enum store_owner_kind kind = STORE_PLAN;

	CHECK(store_owner_kind_of(STR("team"), &kind) == 0 && kind == STORE_TEAM);
	CHECK(store_owner_kind_of(STR("teams"), &kind) < 0 && kind == STORE_TEAM);
	CHECK_STR(str_of(store_owner_kind_name(STORE_USER)), STR("user"));
}

/* The four plans are there from the start; the first account has a ceiling, the next has none. */
static void test_first(const struct place *p)
{
	static const struct str plans[] = {STR_INIT("free"), STR_INIT("payg"), STR_INIT("builder"),
	                                   STR_INIT("scale")};
	struct store *s = begin(p);
	struct seen seen = owners_after(s, 0);
	int64_t first = 0, second = 0;

	CHECK(seen.count == 4);
	for (int i = 0; i < 4; i++) {
		CHECK(seen.owners[i].kind == STORE_PLAN && seen.owners[i].id == i + 1);
		CHECK_STR(seen.owners[i].name, plans[i]);
		CHECK(str_starts_with(seen.owners[i].terms, STR("{\"")));
	}
	CHECK(store_account_named(s, STR("default"), &first, &f) == 0 && first == 1);
	CHECK(store_account_named(s, STR("other"), &second, &f) == 0 && second == 2);
	CHECK_STR(find(s, STORE_ACCOUNT, 0, STR("default")).terms, STR("{\"month_usd\":20}"));
	CHECK_STR(find(s, STORE_ACCOUNT, 0, STR("other")).terms, STR(""));
	store_close(&s);
}

static void test_put(const struct place *p)
{
	struct store *s = begin(p);
	struct store_owner acme = {.kind = STORE_ACCOUNT,
	                           .plan_id = 3,
	                           .name = STR("acme"),
	                           .terms = STR("{\"rpm\":5}"),
	                           .created_ms = 77};
	int64_t account, other, team, user, revision;
	struct store_owner got;
	struct seen seen;

	account = put(s, acme);
	other = put(s, (struct store_owner){.kind = STORE_ACCOUNT, .name = STR("other")});
	team = put(s, (struct store_owner){
	                  .kind = STORE_TEAM, .account_id = account, .name = STR("search")});
	user = put(s, (struct store_owner){.kind = STORE_USER,
	                                   .account_id = account,
	                                   .team_id = team,
	                                   .name = STR("ann@example.com")});
	put(s,
	    (struct store_owner){.kind = STORE_TEAM, .account_id = other, .name = STR("search")});
	got = find(s, STORE_ACCOUNT, 0, STR("acme"));
	CHECK(got.id == account && got.plan_id == 3 && got.created_ms == 77 && !got.on_hold);
	CHECK_STR(got.terms, acme.terms);
	CHECK(find(s, STORE_USER, account, STR("ann@example.com")).team_id == team);
	CHECK(find(s, STORE_USER, other, STR("ann@example.com")).id == 0);
	CHECK(find(s, STORE_USER, 0, arena_printf(&arena, "%d", (int)user)).id == user);
	CHECK(find(s, STORE_PLAN, 0, STR("99")).id == 0);

	revision = owners_after(s, 0).owners[8].revision;
	CHECK(owners_after(s, revision).count == 0);
	got.on_hold = true;
	got.closed_ms = 99;
	got.name = STR("acme inc");
	put(s, got);
	seen = owners_after(s, revision);
	CHECK(seen.count == 1 && seen.owners[0].id == account && seen.owners[0].on_hold &&
	      seen.owners[0].closed_ms == 99 && seen.owners[0].created_ms == 77);
	CHECK(find(s, STORE_ACCOUNT, 0, STR("acme")).id == 0);

	CHECK(is_refused(s, (struct store_owner){.kind = STORE_ACCOUNT, .name = STR("other")}));
	CHECK(is_refused(s, (struct store_owner){.kind = STORE_ACCOUNT, .name = STR("17")}));
	CHECK(is_refused(s, (struct store_owner){.kind = STORE_ACCOUNT}));
	CHECK(is_refused(
	    s, (struct store_owner){.kind = STORE_ACCOUNT, .name = STR("x"), .plan_id = 9}));
	CHECK(is_refused(s, (struct store_owner){.kind = STORE_TEAM, .name = STR("x")}));
	CHECK(is_refused(
	    s, (struct store_owner){
	           .kind = STORE_USER, .account_id = other, .team_id = team, .name = STR("x")}));
	CHECK(is_refused(s, (struct store_owner){.kind = STORE_PLAN, .id = 9, .name = STR("x")}));
	store_close(&s);
}

static bool take_key(void *arg, const struct store_key *k)
{
	*(struct store_key *)arg = *k;
	return true;
}

/* Keys and owners share one counter. */
static void test_keys(const struct place *p)
{
	struct store *s = begin(p);
	struct store_key key = {.digest = {9}, .prefix = STR("sk-flux-aaaaaa")}, got = {0};
	struct store_owner plan = find(s, STORE_PLAN, 0, STR("free"));
	int64_t team;

	key.account_id = put(s, (struct store_owner){.kind = STORE_ACCOUNT, .name = STR("a")});
	team = put(s, (struct store_owner){
	                  .kind = STORE_TEAM, .account_id = key.account_id, .name = STR("t")});
	key.terms = STR("{\"rps\":1}");
	CHECK(store_key_add(s, &key, &key.id, &f) == 0);
	CHECK(store_keys_after(s, 0, &arena, take_key, &got, &f) == 0);
	CHECK(got.id == key.id && got.team_id == 0 && got.revision == 7);
	CHECK_STR(got.terms, STR("{\"rps\":1}"));
	put(s, plan);
	key = got;
	key.team_id = team;
	key.label = STR("new");
	key.models = STR("gpt-*");
	key.expires_ms = 5;
	CHECK(store_key_put(s, &key, &f) == 0);
	CHECK(store_keys_after(s, got.revision, &arena, take_key, &got, &f) == 0);
	CHECK(got.revision == 9 && got.team_id == team && got.expires_ms == 5 &&
	      got.digest[0] == 9);
	CHECK_STR(got.label, STR("new"));
	CHECK_STR(got.models, STR("gpt-*"));
	CHECK_STR(got.account_name, STR("a"));
	CHECK(store_key_put(s, &key, &f) < 0 && f.kind == FAIL_CHANGED_MEANWHILE);
	key.revision = got.revision;
	key.user_id = 4;
	CHECK(store_key_put(s, &key, &f) < 0 && f.kind == FAIL_INVALID_VALUE);
	key.user_id = 0;
	CHECK(store_key_end(s, key.id, 9, &f) == 0); /* it ends at 5 already */
	CHECK(store_key_find(s, STR("sk-flux-aaaaaa"), &arena, &got, &f) == 0);
	CHECK(got.id == key.id && got.expires_ms == 5);
	CHECK(store_key_end(s, key.id, 4, &f) == 0);
	CHECK(store_key_find(s, STR("1"), &arena, &got, &f) == 0 && got.expires_ms == 4);
	key.id = 44;
	CHECK(store_key_put(s, &key, &f) < 0 && f.kind == FAIL_OBJECT_NOT_FOUND);
	key.account_id = 12;
	CHECK(store_key_add(s, &key, &key.id, &f) < 0 && f.kind == FAIL_INVALID_VALUE);
	store_close(&s);
}

int main(int argc, char **argv)
{
	(void)argc;
	place_start(argv);
	arena_init(&arena);
	test_kinds();
	place_each(test_first);
	place_each(test_put);
	place_each(test_keys);
	arena_release(&arena);
	return place_report("owner");
}
