#include "analyze/octets.h"

void octets_begin(struct octets *octets)
{
	octets_end(octets);
	octets->lines = (struct lines){.is_squeezing = true};
	lines_begin(&octets->lines, octets->room, sizeof(octets->room));
	octets->is_open = true;
}

void octets_end(struct octets *octets)
{
	if (octets->is_open) {
		lines_drop(&octets->lines);
		octets->is_open = false;
	}
}

void octets_gap(struct octets *octets)
{
	if (octets->is_open) {
		lines_gap(&octets->lines, 0);
	}
}

bool octets_line(
	struct octets *octets, struct text *bytes, ptrdiff_t *left, struct line *line)
{
	if (!octets->is_open || bytes->len == 0) {
		return false;
	}
	if (--*left < 0) {
		lines_gap(&octets->lines, 0);
		bytes->len = 0;
		return false;
	}
	return lines_next(&octets->lines, bytes, line) == LINES_LINE;
}
