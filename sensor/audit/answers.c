#include "audit/answers.h"

#include "base/columns.h"
#include "base/name_table.h"
#include "base/utf8.h"
#include "report/json_writer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WHY_BYTES 1024

/* A fault is read first, and then what may be one. */
static const enum audit_state ORDER[AUDIT_STATES] = {
	AUDIT_NO, AUDIT_UNASKED, AUDIT_YES};

static const char *printable(struct arena *arena, const char *text)
{
	char clean[WHY_BYTES];
	(void)snprintf(clean, sizeof(clean), "%s", text);
	utf8_make_printable(clean);
	return arena_text(arena, clean, strlen(clean));
}

void audit_answer(struct audit_answers *answers, const struct audit_check *check,
	const char *subject, enum audit_state state, const char *format, ...)
{
	char why[WHY_BYTES];
	va_list list;
	if (answers->count == AUDIT_ANSWERS_MAX) {
		answers->lost++;
		return;
	}
	va_start(list, format);
	(void)vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	answers->list =
		list_room(answers->list, answers->count, sizeof(answers->list[0]));
	answers->list[answers->count++] = (struct audit_answer){
		.check = check,
		.subject = printable(&answers->arena, subject),
		.state = state,
		.why = printable(&answers->arena, why),
	};
}

void audit_answer_copy(struct audit_answers *answers, const struct audit_answer *answer)
{
	if (answers->count == AUDIT_ANSWERS_MAX) { /* then nothing is copied */
		answers->lost++;
		return;
	}
	struct arena *arena = &answers->arena;
	struct audit_check *check = arena_take(arena, sizeof(*check));
	*check = (struct audit_check){printable(arena, answer->check->id),
		printable(arena, answer->check->question), answer->check->severity};
	audit_answer(answers, check, answer->subject, answer->state, "%s", answer->why);
}

struct place {
	uint32_t subject; /* by where its first answer stands */
	uint32_t at;
};

static int by_subject(const void *left, const void *right)
{
	const struct place *a = left;
	const struct place *b = right;
	if (a->subject != b->subject) {
		return a->subject < b->subject ? -1 : 1;
	}
	return a->at < b->at ? -1 : 1;
}

void audit_answers_gather(struct audit_answers *answers)
{
	struct name_table subjects = {.count = 0};
	struct place *places = list_new(answers->count + 1, sizeof(*places));
	struct audit_answer *list = list_new(answers->count + 1, sizeof(*list));
	for (uint32_t i = 0; i < answers->count; i++) { /* AUDIT_ANSWERS_MAX */
		const uint32_t first =
			name_table_add(&subjects, answers->list[i].subject, i);
		places[i] = (struct place){first == NAME_NONE ? i : first, i};
	}
	qsort(places, answers->count, sizeof(*places), by_subject);
	for (size_t i = 0; i < answers->count; i++) {
		list[i] = answers->list[places[i].at];
	}
	for (size_t i = 0; i < answers->count; i++) {
		answers->list[i] = list[i];
	}
	list_free(list);
	list_free(places);
	name_table_free(&subjects);
}

void audit_answers_free(struct audit_answers *answers)
{
	arena_free(&answers->arena);
	list_free(answers->list);
	*answers = (struct audit_answers){.count = 0};
}

size_t audit_count(const struct audit_answers *answers, enum audit_state state)
{
	size_t count = 0;
	for (size_t i = 0; i < answers->count; i++) {
		count += answers->list[i].state == state;
	}
	return count;
}

bool audit_is_fault(const struct audit_answer *answer)
{
	return answer->state == AUDIT_NO && answer->check->severity != SEVERITY_NONE;
}

size_t audit_faults(const struct audit_answers *answers)
{
	size_t count = 0;
	for (size_t i = 0; i < answers->count; i++) {
		count += audit_is_fault(&answers->list[i]);
	}
	return count;
}

static void print_answer(const struct audit_answer *answer, FILE *out)
{
	const bool has_severity = audit_is_fault(answer);
	columns_say(out, 10, "  %-7s %s%s%s%s%s%s\n", audit_state_word(answer->state),
		answer->check->question, has_severity ? " [" : "",
		has_severity ? severity_name(answer->check->severity) : "",
		has_severity ? "]" : "", answer->why[0] != '\0' ? ": " : "",
		answer->why);
}

static void print_state(const struct audit_answers *answers, size_t first, size_t end,
	enum audit_state state, FILE *out)
{
	for (size_t i = first; i < end; i++) {
		if (answers->list[i].state == state) {
			print_answer(&answers->list[i], out);
		}
	}
}

static void print_subject(
	const struct audit_answers *answers, size_t first, size_t end, FILE *out)
{
	(void)fprintf(out, "%s\n", answers->list[first].subject);
	for (size_t order = 0; order < AUDIT_STATES; order++) {
		print_state(answers, first, end, ORDER[order], out);
	}
	(void)fputc('\n', out);
}

void audit_print_text(const struct audit_answers *answers, FILE *out)
{
	for (size_t first = 0; first < answers->count;) {
		size_t end = first + 1;
		while (end < answers->count &&
			strcmp(answers->list[end].subject,
				answers->list[first].subject) == 0) {
			end++;
		}
		print_subject(answers, first, end, out);
		first = end;
	}
	if (answers->lost > 0) {
		(void)fprintf(out, "%zu answers more found no room.\n", answers->lost);
	}
	(void)fprintf(out, "%zu yes, %zu no, %zu could not be asked\n",
		audit_count(answers, AUDIT_YES), audit_count(answers, AUDIT_NO),
		audit_count(answers, AUDIT_UNASKED));
}

void audit_print_json(const struct audit_answers *answers, FILE *out)
{
	struct json_writer writer;
	json_begin(&writer, out);
	json_object_open(&writer, NULL);
	json_number(&writer, "yes", audit_count(answers, AUDIT_YES));
	json_number(&writer, "no", audit_count(answers, AUDIT_NO));
	json_number(&writer, "unknown", audit_count(answers, AUDIT_UNASKED));
	json_number(&writer, "lost", answers->lost);
	json_array_open(&writer, "answers");
	for (size_t i = 0; i < answers->count; i++) {
		const struct audit_answer *answer = &answers->list[i];
		json_object_open(&writer, NULL);
		json_text(&writer, "subject", answer->subject);
		json_text(&writer, "check", answer->check->id);
		json_text(&writer, "question", answer->check->question);
		json_text(&writer, "answer", audit_state_word(answer->state));
		json_text(&writer, "severity",
			audit_is_fault(answer) ? severity_name(answer->check->severity)
					       : NULL);
		json_text(&writer, "why", answer->why);
		json_object_close(&writer);
	}
	json_array_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}
