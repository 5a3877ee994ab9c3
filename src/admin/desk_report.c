/* Usage and invoices at the desk: the query says what, the report writes the answer. Called by the
 * desk. */
#include "admin/desk_work.h"

#include "admin/invoice.h"

static int read_form(struct desk_work *w, enum report_form *out)
{
	struct str name = desk_query(w, "format");

	*out = REPORT_AS_JSON;
	if (name.len && (report_form_of(name, out) < 0 || *out == REPORT_AS_TEXT))
		return fail_at(w->fail, FAIL_INVALID_VALUE, STR("format"),
		               "format is \"%.*s\"; it must be json or csv",
		               STR_ARG(str_part(name, 0, 64)));
	if (*out == REPORT_AS_CSV)
		w->answer.type = STR("text/csv; charset=utf-8");
	return 0;
}

int report_answer_usage(struct desk_work *w)
{
	static const char *const names[] = {"by", "from", "to", "account", "format", NULL};
	struct str by = desk_query(w, "by"), account = desk_query(w, "account");
	struct store_owner found = {0};
	struct report_ask ask = {0};
	enum report_form form;

	if (desk_check_query(w, names) < 0 || read_form(w, &form) < 0 ||
	    report_read_groups(by.ptr ? by : STR("day,model,key"), &ask.by, w->fail) < 0 ||
	    report_read_days(desk_query(w, "from"), desk_query(w, "to"), &ask, w->fail) < 0)
		return -1;
	if (account.len && desk_find_owner(w, account, STORE_ACCOUNT, 0, &found) < 0)
		return -1;
	ask.account_id = found.id;
	return report_put(w->store, &ask, form, w->json.out, w->fail);
}

int report_answer_invoice(struct desk_work *w)
{
	static const char *const names[] = {"account", "month", "format", NULL};
	struct invoice_ask ask = {.month = desk_query(w, "month")};
	struct str account = desk_query(w, "account");
	struct store_owner found;
	enum report_form form;

	if (desk_check_query(w, names) < 0 || read_form(w, &form) < 0)
		return -1;
	if (account.len == 0)
		return fail_at(w->fail, FAIL_MISSING_FIELD, STR("account"), "whose? ?account=");
	if (desk_find_owner(w, account, STORE_ACCOUNT, 0, &found) < 0)
		return -1;
	ask.account = found.name;
	ask.account_id = found.id;
	return invoice_put(w->store, &ask, form, w->json.out, w->fail);
}
