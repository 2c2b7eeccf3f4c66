#include "audit/domain_tags.h"

#include <string.h>

/* The next tag with its value; false: nothing is left. name.len 0: it is no tag. */
static bool next_tag(struct text *rest, struct text *name, struct text *value)
{
	while (rest->len > 0) {
		const uint8_t *end = memchr(rest->at, ';', rest->len);
		const size_t len = end ? (size_t)(end - rest->at) : rest->len;
		const struct text part = text_trim((struct text){rest->at, len});
		text_advance(rest, len + (end ? 1 : 0));
		if (part.len == 0) {
			continue;
		}
		const uint8_t *equals = memchr(part.at, '=', part.len);
		const size_t name_len = equals ? (size_t)(equals - part.at) : 0;
		*name = text_trim((struct text){part.at, name_len});
		*value = part;
		if (name_len > 0) {
			text_advance(value, name_len + 1);
			*value = text_trim(*value);
		}
		return true;
	}
	return false;
}

static bool is_exactly(struct text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

bool tags_have_version(struct text record, const char *version)
{
	struct text name;
	struct text value;
	return next_tag(&record, &name, &value) && text_is(name, "v") &&
	       is_exactly(value, version);
}

bool tags_find(struct text record, const char *tag, struct text *value)
{
	struct text name;
	while (next_tag(&record, &name, value)) {
		if (text_is(name, tag)) {
			return true;
		}
	}
	return false;
}

bool tags_are_valid(struct text record, struct text *wrong)
{
	struct text name;
	while (next_tag(&record, &name, wrong)) {
		if (name.len == 0) {
			return false;
		}
	}
	return true;
}

enum tags_count tags_ask(const struct rr_resolver *resolver, struct arena *arena,
	const char *name, const char *version, struct tags_record *record)
{
	struct rr_answer answer;
	enum tags_count found = TAGS_NONE;
	*record = (struct tags_record){.why = NULL};
	rr_ask(resolver, name, RR_TYPE_TXT, &answer);
	record->is_secure = answer.is_secure;
	record->is_name_missing = answer.outcome == RR_NO_NAME;
	if (answer.outcome == RR_FAILED) {
		record->why = answer.why;
		return TAGS_FAILED;
	}
	for (size_t i = 0; i < answer.count; i++) {
		size_t len = 0;
		const char *line = rr_data_text(arena, &answer.list[i], &len);
		const struct text text = {(const uint8_t *)line, len};
		if (line && (!version || tags_have_version(text, version))) {
			record->text = text;
			found = found == TAGS_NONE ? TAGS_ONE : TAGS_MANY;
		}
	}
	return found;
}
