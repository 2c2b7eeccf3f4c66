/* Keys of rows and groups alike: who answers for it, and what of it is accepted. */
#include "matrix/loader.h"

#include <stdio.h>
#include <string.h>

void loader_owner_note(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct loader_acceptance *draft = into;
	loader_note(loader, value, "owner", &draft->acceptance.owner);
}

static void read_accepted(
	struct loader *loader, const struct yaml_node *item, void *into)
{
	struct loader_acceptance *draft = into;
	struct matrix_acceptance *acceptance = &draft->acceptance;
	const struct matrix_acceptance before = *acceptance;
	struct reason why;
	const char *text = loader_text(loader, item, "accepts");
	if (!text) {
		return;
	}
	if (!acceptance_add(acceptance, text, &why)) {
		loader_fail(loader, item, "%s", why.text);
		return;
	}
	if (before.recommendations == acceptance->recommendations &&
		before.findings == acceptance->findings) {
		loader_fail(loader, item, "\"%.60s\" is written twice", text);
		return;
	}
	const size_t used = strlen(draft->what); /* each name once: they have room */
	(void)snprintf(draft->what + used, sizeof(draft->what) - used, "%s%s",
		used ? ", " : "", text);
}

void loader_accepts(struct loader *loader, const struct yaml_node *value, void *into)
{
	static const struct loader_items ACCEPTED = {"accepts", read_accepted};
	struct loader_acceptance *draft = into;
	draft->accepts = value;
	draft->acceptance.place = loader_place(loader, value);
	loader_list(loader, value, &ACCEPTED, draft);
}

void loader_reason(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct loader_acceptance *draft = into;
	draft->reason = value;
	loader_note(loader, value, "reason", &draft->acceptance.reason);
	if (draft->acceptance.reason &&
		strlen(draft->acceptance.reason) > ACCEPTANCE_REASON_MAX) {
		loader_fail(loader, value, "reason has more than %d bytes",
			ACCEPTANCE_REASON_MAX);
	}
}

void loader_until(struct loader *loader, const struct yaml_node *value, void *into)
{
	struct loader_acceptance *draft = into;
	draft->until = value;
	loader_date(loader, value, "until", &draft->acceptance.until_s);
}

static void tell_unused(struct loader *loader, const struct yaml_node *value,
	const char *what, const char *key)
{
	if (value) {
		loader_fail(loader, value,
			"%s has \"%s\" and no \"accepts\" that it is of", what, key);
	}
}

static const char *arena_copy(struct loader *loader, const char *text)
{
	return arena_text(&loader->matrix->arena, text, strlen(text));
}

const struct matrix_acceptance *loader_acceptance(
	struct loader *loader, struct loader_acceptance *draft, const char *what)
{
	if (!draft->accepts) {
		tell_unused(loader, draft->reason, what, "reason");
		tell_unused(loader, draft->until, what, "until");
		return NULL;
	}
	if (!draft->reason) {
		loader_fail(loader, draft->accepts,
			"%s accepts a deviation without a \"reason\"; say why it must "
			"be",
			what);
	}
	if (!draft->acceptance.owner) {
		loader_fail(loader, draft->accepts,
			"%s accepts a deviation without an \"owner\"; say who answers "
			"for it",
			what);
	}
	struct matrix_acceptance *kept =
		arena_take(&loader->matrix->arena, sizeof(*kept));
	*kept = draft->acceptance;
	kept->by = arena_copy(loader, what);
	kept->what = arena_copy(loader, draft->what);
	return kept;
}
