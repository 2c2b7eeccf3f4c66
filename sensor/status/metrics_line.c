#include "status/metrics_line.h"

#include <inttypes.h>
#include <string.h>

#define US_PER_S 1000000.0
#define TEXT_MAX 128

/* Exposition formats, "Comments, help text, and type information". */
void metrics_head(FILE *out, const struct metric_head *head)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", head->name, head->help,
		head->name, head->type);
}

/* "label_value can be any sequence of UTF-8, but \, \" and \n have to be escaped": no \n is left */
void metrics_label(
	FILE *out, char before, const char *name, const char *field, size_t size)
{
	char text[TEXT_MAX];
	(void)status_text(field, size, text, sizeof(text));
	(void)fprintf(out, "%c%s=\"", before, name);
	for (const char *byte = text; *byte != '\0'; byte++) {
		if (*byte == '\\' || *byte == '"') {
			(void)fprintf(out, "\\%c", *byte);
		} else {
			const bool is_plain = *byte >= 0x20 && *byte < 0x7f;
			(void)fputc(is_plain ? *byte : '?', out);
		}
	}
	(void)fputc('"', out);
}

void metrics_word(FILE *out, char before, const char *name, const char *word)
{
	metrics_label(out, before, name, word, strlen(word) + 1);
}

void metrics_value(FILE *out, enum metric_unit unit, uint64_t value)
{
	if (unit == METRIC_UNIT_SECONDS) {
		(void)fprintf(out, " %.6f\n", (double)value / US_PER_S);
	} else {
		(void)fprintf(out, " %" PRIu64 "\n", value);
	}
}

/* No sample while none ends. */
void metrics_next_ending(FILE *out, const struct metric_head *head, const char *label,
	const struct status_endings *endings)
{
	const int64_t end_s = endings->next_s;
	metrics_head(out, head);
	if (end_s > 0) {
		(void)fputs(head->name, out);
		metrics_label(out, '{', label, endings->next, sizeof(endings->next));
		(void)fputc('}', out);
		metrics_value(out, head->unit, (uint64_t)end_s);
	}
}
