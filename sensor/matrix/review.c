#include "matrix/review.h"

#include "base/utf8.h"

#include <stdarg.h>

void review_tell(struct review *review, const struct matrix_place *place,
	const char *label, const char *format, ...)
{
	struct matrix_problems *told = review->told;
	told->list = list_room(told->list, told->count, sizeof(*told->list));
	char *text = told->list[told->count++].text;
	const size_t size = sizeof(told->list->text);
	const int used = snprintf(
		text, size, "%.160s:%u: %.80s: ", place->file, place->line, label);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text + used, size - (size_t)used, format, args);
	va_end(args);
	utf8_make_printable(text);
}

enum matrix_role review_role(const struct matrix_end *end)
{
	return end->group ? end->group->role : MATRIX_ROLE_NONE;
}

bool review_is_internet(const struct matrix *matrix, const struct matrix_end *end)
{
	return !end->group && end->zone == &matrix->zones[0];
}

bool review_is_in_force(const struct review *review, const struct matrix_row *row)
{
	return row->expires_s == 0 || review->now_s < row->expires_s;
}

bool review_lists(const struct matrix_row *row, enum protocol protocol)
{
	return (row->protocols >> protocol & 1) != 0;
}

static bool lists_one(const struct matrix_row *row, bool is_sending)
{
	for (int i = PROTOCOL_SMTP; i < PROTOCOL_ATTEMPT; i++) {
		if (review_lists(row, (enum protocol)i) &&
			protocol_row((enum protocol)i)->is_sending == is_sending) {
			return true;
		}
	}
	return false;
}

bool review_lists_sending(const struct matrix_row *row)
{
	return lists_one(row, true);
}

bool review_lists_access(const struct matrix_row *row)
{
	return lists_one(row, false);
}

bool review_lists_all(const struct matrix_row *row)
{
	return row->protocols == PROTOCOL_BITS_OF_MAIL;
}

bool review_lists_smtps(const struct matrix_row *row)
{
	return review_lists(row, PROTOCOL_SMTPS) ||
	       review_lists(row, PROTOCOL_SUBMISSIONS);
}
