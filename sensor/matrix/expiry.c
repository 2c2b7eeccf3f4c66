#include "matrix/expiry.h"

#include "matrix/acceptance.h"

#include <string.h>

/* The rows, or the acceptances of rows and behind them of groups. */
static size_t place_count(const struct matrix_endings *endings)
{
	size_t rows = 0;
	size_t groups = 0;
	(void)matrix_rows(endings->matrix, &rows);
	(void)matrix_groups(endings->matrix, &groups);
	return endings->kind == MATRIX_ENDING_ROW ? rows : rows + groups;
}

static struct matrix_ending of_row(const struct matrix_row *row, uint32_t grace_s)
{
	const bool has_grace =
		row->expires_s != 0 && grace_s > 0 && row->mode != MATRIX_MODE_AUDIT;
	return (struct matrix_ending){row->id, row->expires_s,
		has_grace ? row->expires_s + (int64_t)grace_s : 0,
		row->mode == MATRIX_MODE_AUDIT};
}

static struct matrix_ending of_acceptance(const struct matrix_acceptance *acceptance)
{
	return acceptance ? (struct matrix_ending){acceptance->by, acceptance->until_s,
				    0, false}
			  : (struct matrix_ending){.end_s = 0};
}

/* None for one that does not end, and for further pairs of ends of a row. */
static struct matrix_ending ending_at(
	const struct matrix_endings *endings, size_t place)
{
	size_t count = 0;
	const struct matrix_row *rows = matrix_rows(endings->matrix, &count);
	if (place >= count) {
		const struct matrix_group *groups =
			matrix_groups(endings->matrix, &(size_t){0});
		return of_acceptance(groups[place - count].acceptance);
	}
	const struct matrix_row *row = &rows[place];
	if (row->is_continued) {
		return (struct matrix_ending){.end_s = 0};
	}
	return endings->kind == MATRIX_ENDING_ROW ? of_row(row, endings->grace_s)
						  : of_acceptance(row->acceptance);
}

static bool is_over(const struct matrix_ending *ending, int64_t now_s)
{
	return ending->over_s != 0 && ending->over_s <= now_s;
}

static void add_ending(
	struct matrix_expiry *expiry, const struct matrix_ending *ending, int64_t now_s)
{
	if (ending->end_s <= now_s) {
		expiry->ended_count++;
		expiry->over_count += is_over(ending, now_s);
		if (ending->end_s > expiry->ended.end_s) {
			expiry->ended = *ending;
		}
		return;
	}
	expiry->soon_count += ending->end_s - now_s <= MATRIX_EXPIRY_SOON_S;
	if (expiry->next.end_s == 0 || ending->end_s < expiry->next.end_s) {
		expiry->next = *ending;
	}
}

void matrix_expiry_look(const struct matrix_endings *endings, int64_t now_s,
	struct matrix_expiry *expiry)
{
	const size_t count = place_count(endings);
	*expiry = (struct matrix_expiry){.soon_count = 0};
	for (size_t i = 0; i < count; i++) {
		const struct matrix_ending ending = ending_at(endings, i);
		if (ending.end_s != 0) {
			add_ending(expiry, &ending, now_s);
		}
	}
}

int64_t matrix_expiry_days(int64_t end_s, int64_t now_s)
{
	return end_s <= now_s ? 0 : (end_s - now_s) / MATRIX_EXPIRY_DAY_S;
}

static enum matrix_expiry_stage stage_of(
	const struct matrix_ending *ending, int64_t now_s)
{
	const int64_t left_s = ending->end_s - now_s;
	const int64_t last_s = ending->over_s != 0 ? ending->over_s : ending->end_s;
	if (ending->end_s == 0 || left_s > MATRIX_EXPIRY_SOON_S ||
		last_s - now_s <= -MATRIX_EXPIRY_SOON_S) {
		return MATRIX_EXPIRY_STAGE_NONE;
	}
	if (is_over(ending, now_s)) {
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

static int32_t day_of(int64_t end_s)
{
	return (int32_t)(end_s / MATRIX_EXPIRY_DAY_S);
}

static bool is_told(const struct matrix_expiry_told *told, enum matrix_ending_kind kind,
	int64_t end_s, enum matrix_expiry_stage stage)
{
	const int32_t day = day_of(end_s);
	const unsigned place = (unsigned)day % MATRIX_EXPIRY_DAYS;
	return told->days[kind][place].day == day &&
	       told->days[kind][place].stage >= stage;
}

static void note_told(struct matrix_expiry_told *told, enum matrix_ending_kind kind,
	int64_t end_s, enum matrix_expiry_stage stage)
{
	const int32_t day = day_of(end_s);
	const unsigned place = (unsigned)day % MATRIX_EXPIRY_DAYS;
	if (is_told(told, kind, end_s, stage)) {
		return; /* another row of that day may be further */
	}
	told->days[kind][place].day = day;
	told->days[kind][place].stage = stage;
}

/* Counted first, noted behind: what ends on one day does not hide the others. */
void matrix_expiry_take_news(const struct matrix_endings *endings, int64_t now_s,
	struct matrix_expiry_told *told,
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT])
{
	const enum matrix_ending_kind kind = endings->kind;
	const size_t count = place_count(endings);
	memset(news, 0, MATRIX_EXPIRY_STAGE_COUNT * sizeof(*news));
	for (size_t i = 0; i < count; i++) {
		const struct matrix_ending ending = ending_at(endings, i);
		const enum matrix_expiry_stage stage = stage_of(&ending, now_s);
		struct matrix_expiry_news *of_stage = &news[stage];
		if (stage == MATRIX_EXPIRY_STAGE_NONE ||
			is_told(told, kind, ending.end_s, stage)) {
			continue;
		}
		if (of_stage->count++ == 0 || ending.end_s < of_stage->first.end_s) {
			of_stage->first = ending;
		}
	}
	for (size_t i = 0; i < count; i++) {
		const struct matrix_ending ending = ending_at(endings, i);
		const enum matrix_expiry_stage stage = stage_of(&ending, now_s);
		if (stage != MATRIX_EXPIRY_STAGE_NONE) {
			note_told(told, kind, ending.end_s, stage);
		}
	}
}
