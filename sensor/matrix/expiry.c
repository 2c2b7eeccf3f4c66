#include "matrix/expiry.h"

#include <string.h>

static bool is_ended(const struct matrix_row *row, int64_t now_s)
{
	return row->expires_s <= now_s;
}

/* What its end alone forbids is blocked. */
static bool is_over(const struct matrix_row *row, int64_t now_s, uint32_t grace_s)
{
	return grace_s > 0 && row->mode != MATRIX_MODE_AUDIT &&
	       row->expires_s + (int64_t)grace_s <= now_s;
}

static void add_row(struct matrix_expiry *expiry, const struct matrix_row *row,
	int64_t now_s, uint32_t grace_s)
{
	if (is_ended(row, now_s)) {
		expiry->ended_count++;
		expiry->over_count += is_over(row, now_s, grace_s);
		if (!expiry->ended || row->expires_s > expiry->ended->expires_s) {
			expiry->ended = row;
		}
		return;
	}
	expiry->soon_count += row->expires_s - now_s <= MATRIX_EXPIRY_SOON_S;
	if (!expiry->next || row->expires_s < expiry->next->expires_s) {
		expiry->next = row;
	}
}

void matrix_expiry_look(const struct matrix *matrix, int64_t now_s, uint32_t grace_s,
	struct matrix_expiry *expiry)
{
	size_t count = 0;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	*expiry = (struct matrix_expiry){.next = NULL};
	for (size_t i = 0; i < count; i++) {
		if (rows[i].expires_s != 0 && !rows[i].is_continued) {
			add_row(expiry, &rows[i], now_s, grace_s);
		}
	}
}

int64_t matrix_expiry_days(const struct matrix_row *row, int64_t now_s)
{
	return is_ended(row, now_s) ? 0
				    : (row->expires_s - now_s) / MATRIX_EXPIRY_DAY_S;
}

static enum matrix_expiry_stage stage_of(
	const struct matrix_row *row, int64_t now_s, uint32_t grace_s)
{
	const int64_t left_s = row->expires_s - now_s;
	if (row->expires_s == 0 || left_s > MATRIX_EXPIRY_SOON_S ||
		left_s + (int64_t)grace_s <= -MATRIX_EXPIRY_SOON_S) {
		return MATRIX_EXPIRY_STAGE_NONE;
	}
	if (is_over(row, now_s, grace_s)) {
		return MATRIX_EXPIRY_STAGE_OVER;
	}
	if (left_s > 7 * MATRIX_EXPIRY_DAY_S) {
		return MATRIX_EXPIRY_STAGE_MONTH;
	}
	if (left_s > MATRIX_EXPIRY_DAY_S) {
		return MATRIX_EXPIRY_STAGE_WEEK;
	}
	return left_s > 0 ? MATRIX_EXPIRY_STAGE_DAY : MATRIX_EXPIRY_STAGE_END;
}

static int32_t day_of(const struct matrix_row *row)
{
	return (int32_t)(row->expires_s / MATRIX_EXPIRY_DAY_S);
}

static bool is_told(const struct matrix_expiry_told *told, const struct matrix_row *row,
	enum matrix_expiry_stage stage)
{
	const int32_t day = day_of(row);
	const unsigned place = (unsigned)day % MATRIX_EXPIRY_DAYS;
	return told->days[place].day == day && told->days[place].stage >= stage;
}

static void note_told(struct matrix_expiry_told *told, const struct matrix_row *row,
	enum matrix_expiry_stage stage)
{
	const int32_t day = day_of(row);
	const unsigned place = (unsigned)day % MATRIX_EXPIRY_DAYS;
	if (is_told(told, row, stage)) {
		return; /* another row of that day may be further */
	}
	told->days[place].day = day;
	told->days[place].stage = stage;
}

/* Counted first, noted behind: rows of one day do not hide each other. */
void matrix_expiry_take_news(const struct matrix *matrix, int64_t now_s,
	uint32_t grace_s, struct matrix_expiry_told *told,
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT])
{
	size_t count = 0;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	memset(news, 0, MATRIX_EXPIRY_STAGE_COUNT * sizeof(*news));
	for (size_t i = 0; i < count; i++) {
		const enum matrix_expiry_stage stage =
			stage_of(&rows[i], now_s, grace_s);
		struct matrix_expiry_news *of_stage = &news[stage];
		if (stage == MATRIX_EXPIRY_STAGE_NONE || rows[i].is_continued ||
			is_told(told, &rows[i], stage)) {
			continue;
		}
		of_stage->row_count++;
		if (!of_stage->row || rows[i].expires_s < of_stage->row->expires_s) {
			of_stage->row = &rows[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		const enum matrix_expiry_stage stage =
			stage_of(&rows[i], now_s, grace_s);
		if (stage != MATRIX_EXPIRY_STAGE_NONE) {
			note_told(told, &rows[i], stage);
		}
	}
}
