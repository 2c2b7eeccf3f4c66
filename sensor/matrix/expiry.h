/*
 * matrix/expiry - the rows of a matrix that end soon or have ended, and what of that is
 * news.
 *
 * In: a matrix, a time, and for how long what a row allowed is let by behind its end (0:
 * there is no such grace). Out: which row ends next, how many soon, and once for each
 * threshold (30, 7 and 1 days before, the end, and that of the grace) the rows that
 * crossed it. Reads no clock and judges no flow. What was told is plain data that outlives a process, by last
 * day: every row of a day crosses with the others.
 */
#pragma once

#include "matrix/matrix.h"

#define MATRIX_EXPIRY_DAY_S  INT64_C(86400)
#define MATRIX_EXPIRY_SOON_S (30 * MATRIX_EXPIRY_DAY_S)

struct matrix_expiry {
	/* in force, and the first to end; NULL: none ends */
	const struct matrix_row *next;
	const struct matrix_row *ended; /* the last that did, or NULL */
	size_t soon_count;              /* in force, for 30 days at most */
	size_t ended_count;
	size_t over_count; /* of these, those whose grace is over */
};

void matrix_expiry_look(const struct matrix *matrix, int64_t now_s, uint32_t grace_s,
	struct matrix_expiry *expiry);

/* Whole days until the row ends, the one that runs not counted. */
int64_t matrix_expiry_days(const struct matrix_row *row, int64_t now_s);

enum matrix_expiry_stage {
	MATRIX_EXPIRY_STAGE_NONE = 0,
	MATRIX_EXPIRY_STAGE_MONTH, /* 30 days before */
	MATRIX_EXPIRY_STAGE_WEEK,  /* 7 */
	MATRIX_EXPIRY_STAGE_DAY,   /* 1 */
	MATRIX_EXPIRY_STAGE_END,
	MATRIX_EXPIRY_STAGE_OVER, /* the grace is; not of rows in audit mode */
	MATRIX_EXPIRY_STAGE_COUNT
};

/*
 * More than the days that are looked at, 31 and a grace of a year behind and 30 ahead:
 * no two share a place.
 */
#define MATRIX_EXPIRY_DAYS 512

struct matrix_expiry_told {
	struct {
		int32_t day;    /* since 1970 */
		uint32_t stage; /* enum matrix_expiry_stage, the last that was told */
	} days[MATRIX_EXPIRY_DAYS];
};

struct matrix_expiry_news {
	const struct matrix_row *row; /* the first of them to end; NULL: no news */
	size_t row_count;
};

/*
 * What crossed each threshold and was not told; told keeps it. A row ahead of several at
 * once is told of the latest. Two walks over the rows.
 */
void matrix_expiry_take_news(const struct matrix *matrix, int64_t now_s,
	uint32_t grace_s, struct matrix_expiry_told *told,
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT]);
