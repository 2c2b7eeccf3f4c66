#include "commands/allow.h"

#include "matrix/sentence.h"

#include <stdio.h>
#include <string.h>

bool allow_ports_text(const struct reach_ports *ports, const char *between,
	const char *dash, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < ports->count && used < size; i++) {
		const struct reach_port_range *range = &ports->list[i];
		used += (size_t)snprintf(text + used, size - used, "%s%u",
			i ? between : "", range->first);
		if (range->last > range->first && used < size) {
			used += (size_t)snprintf(
				text + used, size - used, "%s%u", dash, range->last);
		}
	}
	return used < size;
}

void allow_remark(const struct allow *allow, const struct matrix_row *row, char *text,
	size_t size)
{
	const struct matrix_group *const ends[] = {row->from.group, row->to.group};
	char day[SENTENCE_DAY_BYTES];
	text[0] = '\0';
	if (allow_is_over(allow, row)) {
		(void)snprintf(text, size, "ended on %s",
			sentence_last_day(row->expires_s, day));
		return;
	}
	if (row->expires_s) {
		(void)snprintf(text, size, "until %s: export again behind it",
			sentence_last_day(row->expires_s, day));
	}
	for (size_t i = 0; i < 2; i++) {
		if (ends[i] && !ends[i]->has_addresses) {
			sentence_append(text, size,
				"%s%s is known by name alone: its "
				"addresses are to be added",
				text[0] ? "; " : "", ends[i]->name);
		}
	}
}
