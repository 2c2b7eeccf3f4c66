#include "audit/mtasts_policy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum key { KEY_VERSION = 0, KEY_MODE, KEY_MAX_AGE, KEY_MX, KEY_OTHER };

static const char *const KEYS[] = {"version", "mode", "max_age", "mx"};
static const char *const MODES[] = {"none", "testing", "enforce"};

/* Which of count words it is, letters exactly; count: none. */
static size_t word_of(struct text text, const char *const *words, size_t count)
{
	size_t at = 0;
	while (at < count && (text.len != strlen(words[at]) ||
				     memcmp(text.at, words[at], text.len) != 0)) {
		at++;
	}
	return at;
}

/* Of a value for people; it ends soon. */
static int shown(struct text value)
{
	return value.len < 60 ? (int)value.len : 60;
}

static bool take_version(struct text value, struct reason *why)
{
	static const char *const VERSION = "STSv1";
	return word_of(value, &VERSION, 1) == 0 ||
	       reason_set(why, "version is %.*s, not STSv1", shown(value),
		       (const char *)value.at);
}

static bool take_mode(
	struct text value, struct mtasts_policy *policy, struct reason *why)
{
	const size_t mode = word_of(value, MODES, MTASTS_ENFORCE + 1);
	policy->mode = (enum mtasts_mode)mode;
	return mode <= MTASTS_ENFORCE ||
	       reason_set(why, "mode is %.*s", shown(value), (const char *)value.at);
}

static bool take_age(
	struct text value, struct mtasts_policy *policy, struct reason *why)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9') {
			value.len = 0;
		}
	}
	return text_number(value, MTASTS_AGE_S_MAX, &policy->max_age_s) ||
	       reason_set(why, "max_age is no number of seconds up to %d",
		       MTASTS_AGE_S_MAX);
}

static bool take_mx(struct text value, struct mtasts_policy *policy, struct reason *why)
{
	const size_t star = value.len > 2 && memcmp(value.at, "*.", 2) == 0 ? 2 : 0;
	if (policy->mx_count == MTASTS_MX_MAX) {
		return reason_set(why, "more than %d mx", MTASTS_MX_MAX);
	}
	char *pattern = policy->mx[policy->mx_count].name;
	if (value.len < sizeof(policy->mx[0])) {
		memcpy(pattern, value.at, value.len);
		pattern[value.len] = '\0';
	}
	if (value.len >= sizeof(policy->mx[0]) || strlen(pattern) != value.len ||
		strchr(pattern + star, '*') || !rr_name_is_valid(pattern + star)) {
		return reason_set(why, "mx is no name: %.*s", shown(value),
			(const char *)value.at);
	}
	policy->mx_count++;
	return true;
}

static bool take(enum key key, struct text value, struct mtasts_policy *policy,
	struct reason *why)
{
	switch (key) {
	case KEY_VERSION:
		return take_version(value, why);
	case KEY_MODE:
		return take_mode(value, policy, why);
	case KEY_MAX_AGE:
		return take_age(value, policy, why);
	case KEY_MX:
		return take_mx(value, policy, why);
	default:
		return true; /* of a later version of the same */
	}
}

/* Of a key that stands twice the first counts, but for mx. seen: a bit for each key. */
static bool read_line(struct text line, struct mtasts_policy *policy, unsigned *seen,
	struct reason *why)
{
	line = text_trim(line);
	const uint8_t *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
	if (line.len > 0 && !colon) {
		return reason_set(why, "a line is no \"key: value\": %.*s", shown(line),
			(const char *)line.at);
	}
	if (!colon) {
		return true;
	}
	struct text value = line;
	const struct text name =
		text_trim((struct text){line.at, (size_t)(colon - line.at)});
	const enum key key = (enum key)word_of(name, KEYS, KEY_OTHER);
	text_advance(&value, (size_t)(colon - line.at) + 1);
	const bool is_again = key != KEY_MX && (*seen & 1U << key) != 0;
	*seen |= 1U << key;
	return is_again || take(key, text_trim(value), policy, why);
}

bool mtasts_read(struct text text, struct mtasts_policy *policy, struct reason *why)
{
	unsigned seen = 0;
	memset(policy, 0, sizeof(*policy));
	while (text.len > 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		const size_t len = end ? (size_t)(end - text.at) : text.len;
		if (!read_line((struct text){text.at, len}, policy, &seen, why)) {
			return false;
		}
		text_advance(&text, len + (end ? 1 : 0));
	}
	for (unsigned key = 0; key < KEY_MX; key++) {
		if ((seen & 1U << key) == 0) {
			return reason_set(why, "it has no %s", KEYS[key]);
		}
	}
	return policy->mx_count > 0 || policy->mode == MTASTS_NONE ||
	       reason_set(why, "it has no mx");
}

const char *mtasts_mode_name(enum mtasts_mode mode)
{
	return MODES[mode];
}

bool mtasts_matches(const char *pattern, const char *name)
{
	if (strncmp(pattern, "*.", 2) != 0) {
		return rr_name_equal(pattern, name);
	}
	const char *dot = strchr(name, '.');
	return dot && dot != name && rr_name_equal(pattern + 2, dot + 1);
}
