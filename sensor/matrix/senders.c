#include "matrix/senders.h"

#include "matrix/domains.h"

static bool is_internet(const struct matrix *matrix, const struct matrix_end *end)
{
	size_t count;
	return !end->group && end->zone == matrix_zones(matrix, &count);
}

static bool is_in_force(const struct matrix_row *row, int64_t now_s)
{
	return (row->protocols & PROTOCOL_BIT(PROTOCOL_SMTP)) != 0 &&
	       (row->expires_s == 0 || now_s < row->expires_s);
}

bool matrix_row_sends_out(
	const struct matrix *matrix, const struct matrix_row *row, int64_t now_s)
{
	return is_in_force(row, now_s) && is_internet(matrix, &row->to) &&
	       !is_internet(matrix, &row->from);
}

bool matrix_row_takes_in(
	const struct matrix *matrix, const struct matrix_row *row, int64_t now_s)
{
	return is_in_force(row, now_s) && is_internet(matrix, &row->from) &&
	       !is_internet(matrix, &row->to);
}

static bool is_at(const struct matrix_end *declared, const struct matrix_end *end)
{
	return declared->group ? declared->group == end->group
			       : declared->zone == end->zone;
}

bool matrix_may_send(const struct matrix *matrix, const char *domain,
	const struct address *address, int64_t now_s)
{
	size_t count;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	const struct matrix_end end = matrix_locate(matrix, address);
	const struct matrix_domain *entry = matrix_domain_of(matrix, domain);
	if (end.group && end.group->role == MATRIX_ROLE_OUTBOUND) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (is_at(&rows[i].from, &end) &&
			matrix_row_sends_out(matrix, &rows[i], now_s)) {
			return true;
		}
	}
	return entry && matrix_is_source(&entry->senders, address, &end);
}
