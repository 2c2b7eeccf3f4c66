#include "dossier/baseline.h"

#include "base/document.h"
#include "dossier/making.h"

#include <string.h>

#define FORM       1 /* of the JSON that is read */
#define PATH_BYTES 64

struct earlier {
	struct dossier *dossier;
	const struct document *document;
	size_t index; /* among its findings */
};

static const char *member(const struct earlier *earlier, const char *name)
{
	char path[PATH_BYTES];
	(void)snprintf(path, sizeof(path), "findings.%zu.%s", earlier->index, name);
	return document_text(earlier->document, path);
}

static enum finding finding_named(const char *id)
{
	for (int i = 0; id && i < FINDING_FLOW_COUNT; i++) {
		if (strcmp(finding_row((enum finding)i)->id, id) == 0) {
			return (enum finding)i;
		}
	}
	return FINDING_FLOW_COUNT;
}

static enum conformity_subject subject_named(const char *name)
{
	int subject = 0;
	while (name && subject < CONFORMITY_SUBJECTS &&
		strcmp(name, conformity_name((enum conformity_subject)subject)) != 0) {
		subject++;
	}
	return name ? (enum conformity_subject)subject : CONFORMITY_SUBJECTS;
}

/* Of those that it counted against, one may hide it now. */
static bool is_hidden(const struct earlier *earlier)
{
	char path[PATH_BYTES];
	bool is_of_any = false;
	(void)snprintf(
		path, sizeof(path), "findings.%zu.recommendations", earlier->index);
	const size_t count = document_count(earlier->document, path);
	for (size_t i = 0; i < count; i++) {
		const enum conformity_subject subject =
			subject_named(document_item(earlier->document, path, i));
		if (subject == CONFORMITY_SUBJECTS) {
			continue;
		}
		is_of_any = true;
		if (!conformity_is_observable(earlier->dossier->conformity, subject)) {
			return true;
		}
	}
	return !is_of_any;
}

static const char *keep(const struct earlier *earlier, const char *name)
{
	const char *text = member(earlier, name);
	return text ? arena_text(&earlier->dossier->making->arena, text, strlen(text))
		    : NULL;
}

static void add_gone(const struct earlier *earlier, enum finding finding)
{
	struct dossier *dossier = earlier->dossier;
	dossier->gone =
		list_room(dossier->gone, dossier->gone_count, sizeof(*dossier->gone));
	dossier->gone[dossier->gone_count++] = (struct dossier_breach){
		.fingerprint = keep(earlier, "fingerprint"),
		.finding = finding,
		.row = keep(earlier, "row"),
		.nearest = keep(earlier, "nearest_row"),
		.from = keep(earlier, "from_group"),
		.to = keep(earlier, "to_group"),
		.change = is_hidden(earlier) ? DOSSIER_CHANGE_UNSEEN
					     : DOSSIER_CHANGE_FIXED,
	};
}

/* By fingerprint, where the list stands after it was sorted. */
static struct dossier_breach *find(struct dossier *dossier, const char *fingerprint)
{
	const uint32_t place = name_table_find(&dossier->making->places, fingerprint);
	return place == NAME_NONE ? NULL : &dossier->breaches[place];
}

static bool hold_one(const struct earlier *earlier, struct reason *why)
{
	const char *fingerprint = member(earlier, "fingerprint");
	const enum finding finding = finding_named(member(earlier, "finding"));
	char path[PATH_BYTES];
	bool is_notice = false;
	(void)snprintf(path, sizeof(path), "findings.%zu.notice", earlier->index);
	if (!fingerprint || !document_flag(earlier->document, path, &is_notice)) {
		return reason_set(why,
			"finding %zu has no fingerprint, or is no "
			"notice and no breach",
			earlier->index + 1);
	}
	struct dossier_breach *breach = find(earlier->dossier, fingerprint);
	if (breach && !is_notice) {
		breach->change = DOSSIER_CHANGE_STILL;
	} else if (!breach && !is_notice && finding != FINDING_FLOW_COUNT) {
		add_gone(earlier, finding);
	}
	return true;
}

/* As it is now: sorting moved what the table of making names. */
static void find_places(struct dossier *dossier)
{
	for (size_t i = 0; i < dossier->breach_count; i++) {
		dossier->breaches[i].change = DOSSIER_CHANGE_NEW;
		(void)name_table_add(&dossier->making->places,
			dossier->breaches[i].fingerprint, (uint32_t)i);
	}
}

static bool hold_all(
	struct dossier *dossier, const struct document *document, struct reason *why)
{
	struct earlier earlier = {.dossier = dossier, .document = document};
	const size_t count = document_count(document, "findings");
	find_places(dossier);
	for (; earlier.index < count; earlier.index++) {
		if (!hold_one(&earlier, why)) {
			return false;
		}
	}
	dossier->has_baseline = true;
	return true;
}

bool baseline_hold(struct dossier *dossier, struct text bytes, const char *name,
	struct reason *why)
{
	struct document document;
	struct reason wrong = {.text = "it is no report of mailwarden in JSON"};
	uint64_t form = 0;
	if (!document_parse(&document, (const char *)bytes.at, bytes.len)) {
		return reason_set(why, "%.150s: %s", name, wrong.text);
	}
	const bool is_held = document_number(&document, "report", &form) &&
			     form == FORM && document_has(&document, "findings") &&
			     hold_all(dossier, &document, &wrong);
	document_free(&document);
	return is_held || reason_set(why, "%.150s: %.90s", name, wrong.text);
}
