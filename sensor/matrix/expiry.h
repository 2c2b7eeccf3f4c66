/*
 * matrix/expiry - the rows and the acceptances of a matrix that end soon or have ended,
 * and what of that is news.
 *
 * In: a matrix, a time, and for how long what a row allowed is let by behind its end.
 * Out: which ends next, how many soon, and once for each threshold (30, 7 and 1 days
 * before, the end, and that of the grace) those that crossed it. Reads no clock and
 * judges no flow. What was told is plain data that outlives a process, by last day: all
 * of a day cross together.
 */
#pragma once

#include "matrix/matrix.h"

#define MATRIX_EXPIRY_DAY_S  INT64_C(86400)
#define MATRIX_EXPIRY_SOON_S (30 * MATRIX_EXPIRY_DAY_S)

/* What ends. */
enum matrix_ending_kind {
	MATRIX_ENDING_ROW = 0,    /* by its id: "M-06" */
	MATRIX_ENDING_ACCEPTANCE, /* by who accepts: "row M-06", "group scanners" */
	MATRIX_ENDING_COUNT
};

/* Those that are looked at: of one kind. */
struct matrix_endings {
	const struct matrix *matrix;
	enum matrix_ending_kind kind;
	uint32_t grace_s; /* of rows; 0: there is none. An acceptance has none */
};

struct matrix_ending {
	const char *name; /* the matrix's */
	int64_t end_s;    /* first second behind it; 0: there is none */
	int64_t over_s;   /* the same of its grace; not of rows in audit mode */
	bool is_audited;  /* of a row in that mode: nothing is blocked behind it */
};

struct matrix_expiry {
	struct matrix_ending next;  /* in force, and the first to end */
	struct matrix_ending ended; /* the last that did */
	size_t soon_count;          /* in force, for 30 days at most */
	size_t ended_count;
	size_t over_count; /* of these, those whose grace is over */
};

void matrix_expiry_look(const struct matrix_endings *endings, int64_t now_s,
	struct matrix_expiry *expiry);

/* Whole days until it ends, the one that runs not counted. */
int64_t matrix_expiry_days(int64_t end_s, int64_t now_s);

enum matrix_expiry_stage {
	MATRIX_EXPIRY_STAGE_NONE = 0,
	MATRIX_EXPIRY_STAGE_MONTH, /* 30 days before */
	MATRIX_EXPIRY_STAGE_WEEK,  /* 7 */
	MATRIX_EXPIRY_STAGE_DAY,   /* 1 */
	MATRIX_EXPIRY_STAGE_END,
	MATRIX_EXPIRY_STAGE_OVER, /* the grace is */
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
	} days[MATRIX_ENDING_COUNT][MATRIX_EXPIRY_DAYS];
};

struct matrix_expiry_news {
	struct matrix_ending first; /* of them to end; none: no news */
	size_t count;
};

/*
 * What crossed each threshold and was not told; told keeps it. What is ahead
 * of several at once is told of the latest. Two walks over all.
 */
void matrix_expiry_take_news(const struct matrix_endings *endings, int64_t now_s,
	struct matrix_expiry_told *told,
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT]);
