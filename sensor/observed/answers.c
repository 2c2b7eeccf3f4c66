#include "observed/answers.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const WORDS[] = {[ANSWER_NONE] = "",
	[ANSWER_ACCEPT] = "accept",
	[ANSWER_DENY] = "deny",
	[ANSWER_IGNORE] = "ignore"};
#define WORD_COUNT (sizeof(WORDS) / sizeof(WORDS[0]))

void answers_add(struct answers *answers, enum answer answer, const char *key)
{
	for (size_t i = 0; i < answers->row_count; i++) { /* ANSWERS_MOST */
		if (strcmp(answers->rows[i].key, key) == 0) {
			answers->rows[i].answer = answer;
			return;
		}
	}
	answers->rows =
		list_room(answers->rows, answers->row_count, sizeof(*answers->rows));
	answers->rows[answers->row_count++] = (struct answer_row){
		answer, arena_text(&answers->arena, key, strlen(key))};
}

void answers_fill(
	struct answers *answers, const struct address *address, uint32_t percent)
{
	for (size_t i = 0; i < answers->fill_count; i++) { /* ANSWERS_MOST */
		if (address_equal(&answers->fills[i].address, address)) {
			answers->fills[i].percent = percent;
			return;
		}
	}
	answers->fills =
		list_room(answers->fills, answers->fill_count, sizeof(*answers->fills));
	answers->fills[answers->fill_count++] = (struct answer_fill){*address, percent};
}

/* "192.0.2.65 25" */
static bool read_fill(struct answers *answers, const char *text)
{
	char host[ADDRESS_TEXT_BYTES];
	struct address address;
	uint64_t percent;
	const size_t len = strcspn(text, " ");
	if (len >= sizeof(host) || text[len] == '\0') {
		return false;
	}
	const char *number = text + len + 1;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!address_parse(host, &address) ||
		number[strspn(number, "0123456789")] != '\0' ||
		!text_number(text_from(number), 100, &percent) || percent == 0) {
		return false;
	}
	answers_fill(answers, &address, (uint32_t)percent);
	return true;
}

static bool read_line(struct answers *answers, const char *line)
{
	const char *blank = strchr(line, ' ');
	if (line[0] == '\0' || line[0] == '#') {
		return true;
	}
	if (!blank || blank[1] == '\0') {
		return false;
	}
	const size_t len = (size_t)(blank - line);
	for (size_t i = ANSWER_ACCEPT; i < WORD_COUNT; i++) {
		if (strlen(WORDS[i]) == len && memcmp(line, WORDS[i], len) == 0) {
			answers_add(answers, (enum answer)i, blank + 1);
			return true;
		}
	}
	return len == 4 && memcmp(line, "fill", 4) == 0 &&
	       read_fill(answers, blank + 1);
}

bool answers_read(
	struct answers *answers, const char *text, size_t len, struct reason *why)
{
	size_t at = 0;
	bool is_read = true;
	char *line = list_new(len + 1, 1); /* a row may name all hosts there are */
	for (unsigned number = 1; is_read && at < len; number++) { /* ANSWERS_MOST */
		const char *end = memchr(text + at, '\n', len - at);
		const size_t used = end ? (size_t)(end - text) - at : len - at;
		memcpy(line, text + at, used);
		line[used] = '\0';
		if (number > ANSWERS_MOST) {
			is_read =
				reason_set(why, "line %u: more than are taken", number);
		} else if (strlen(line) != used || !read_line(answers, line)) {
			is_read = reason_set(why,
				"line %u is no \"accept\", \"deny\", \"ignore\" with a "
				"row, nor \"fill\" with an address and 1 to 100",
				number);
		}
		at += used + 1;
	}
	list_free(line);
	return is_read;
}

void answers_free(struct answers *answers)
{
	arena_free(&answers->arena);
	list_free(answers->rows);
	list_free(answers->fills);
	*answers = (struct answers){.row_count = 0};
}

enum answer answers_find(const struct answers *answers, const char *key)
{
	for (size_t i = 0; i < answers->row_count; i++) { /* ANSWERS_MOST */
		if (strcmp(answers->rows[i].key, key) == 0) {
			return answers->rows[i].answer;
		}
	}
	return ANSWER_NONE;
}

uint32_t answers_fill_of(const struct answers *answers, const struct address *address,
	uint32_t otherwise)
{
	for (size_t i = 0; i < answers->fill_count; i++) { /* ANSWERS_MOST */
		if (address_equal(&answers->fills[i].address, address)) {
			return answers->fills[i].percent;
		}
	}
	return otherwise;
}

void answers_print(const struct answers *answers, FILE *out)
{
	char text[ADDRESS_TEXT_BYTES];
	(void)fprintf(out, "# answers to mailwarden learn\n");
	for (size_t i = 0; i < answers->row_count; i++) {
		(void)fprintf(out, "%s %s\n", WORDS[answers->rows[i].answer],
			answers->rows[i].key);
	}
	for (size_t i = 0; i < answers->fill_count; i++) {
		(void)fprintf(out, "fill %s %u\n",
			address_text(&answers->fills[i].address, text),
			answers->fills[i].percent);
	}
}
