/* Rows that end: which is next, and each threshold told once. */
#include "made_matrix.h"
#include "matrix/expiry.h"

#define DAY_S  MATRIX_EXPIRY_DAY_S
#define HOUR_S INT64_C(3600)
/* The first second behind 2027-06-30. */
#define END_S INT64_C(1814400000)

static struct matrix *matrix_of(const char *first, const char *second)
{
	char rows[512];
	(void)snprintf(rows, sizeof(rows),
		" - {id: a, from: relay, to: mx-out, protocols: smtp%s}\n"
		" - {id: b, from: mx-in, to: relay, protocols: smtp%s}\n"
		" - {id: c, from: mailboxes, to: relay, protocols: smtp}\n",
		first, second);
	return load_rows(rows);
}

static struct matrix_endings rows_of(const struct matrix *matrix, uint32_t grace_s)
{
	return (struct matrix_endings){matrix, MATRIX_ENDING_ROW, grace_s};
}

/* The stage that has news, and how many rows; NONE without. */
static enum matrix_expiry_stage news_in_grace(const struct matrix *matrix,
	int64_t now_s, uint32_t grace_s, struct matrix_expiry_told *told, size_t *rows)
{
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT];
	enum matrix_expiry_stage stage = MATRIX_EXPIRY_STAGE_NONE;
	const struct matrix_endings endings = rows_of(matrix, grace_s);
	*rows = 0;
	matrix_expiry_take_news(&endings, now_s, told, news);
	for (int i = 0; i < MATRIX_EXPIRY_STAGE_COUNT; i++) {
		if (news[i].count > 0) {
			stage = (enum matrix_expiry_stage)i;
			*rows += news[i].count;
		}
	}
	return stage;
}

static enum matrix_expiry_stage news_at(const struct matrix *matrix, int64_t now_s,
	struct matrix_expiry_told *told, size_t *rows)
{
	return news_in_grace(matrix, now_s, 0, told, rows);
}

static void each_threshold_is_told_once(void **state)
{
	(void)state;
	static const struct {
		int64_t before_s;
		enum matrix_expiry_stage stage;
	} LOOKS[] = {
		{31 * DAY_S, MATRIX_EXPIRY_STAGE_NONE},
		{30 * DAY_S + 1, MATRIX_EXPIRY_STAGE_NONE},
		{29 * DAY_S + 23 * HOUR_S, MATRIX_EXPIRY_STAGE_MONTH},
		{8 * DAY_S, MATRIX_EXPIRY_STAGE_NONE},
		{7 * DAY_S, MATRIX_EXPIRY_STAGE_WEEK},
		{DAY_S + 1, MATRIX_EXPIRY_STAGE_NONE},
		{DAY_S, MATRIX_EXPIRY_STAGE_DAY},
		{1, MATRIX_EXPIRY_STAGE_NONE},
		{0, MATRIX_EXPIRY_STAGE_END},
		{-DAY_S, MATRIX_EXPIRY_STAGE_NONE},
	};
	struct matrix *matrix = matrix_of(", expires: 2027-06-30", "");
	struct matrix_expiry_told told = {0};
	for (size_t i = 0; i < sizeof(LOOKS) / sizeof(LOOKS[0]); i++) {
		size_t rows = 0;
		const int64_t now_s = END_S - LOOKS[i].before_s;
		assert_int_equal(news_at(matrix, now_s, &told, &rows), LOOKS[i].stage);
		assert_int_equal(rows, LOOKS[i].stage != MATRIX_EXPIRY_STAGE_NONE);
		assert_int_equal(
			news_at(matrix, now_s, &told, &rows), MATRIX_EXPIRY_STAGE_NONE);
	}
	matrix_free(matrix);
}

static void a_row_without_an_end_is_never_news(void **state)
{
	(void)state;
	struct matrix *matrix = matrix_of("", "");
	const struct matrix_endings endings = rows_of(matrix, 0);
	struct matrix_expiry_told told = {0};
	struct matrix_expiry expiry;
	size_t rows = 0;
	assert_int_equal(
		news_at(matrix, END_S, &told, &rows), MATRIX_EXPIRY_STAGE_NONE);
	assert_int_equal(news_at(matrix, 0, &told, &rows), MATRIX_EXPIRY_STAGE_NONE);
	matrix_expiry_look(&endings, END_S, &expiry);
	assert_true(expiry.next.end_s == 0);
	assert_true(expiry.ended.end_s == 0);
	assert_int_equal(expiry.soon_count + expiry.ended_count, 0);
	matrix_free(matrix);
}

static void rows_that_cross_together_are_one_news(void **state)
{
	(void)state;
	struct matrix *matrix =
		matrix_of(", expires: 2027-06-30", ", expires: 2027-06-28");
	const struct matrix_endings endings = rows_of(matrix, 0);
	struct matrix_expiry_told told = {0};
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT];
	matrix_expiry_take_news(&endings, END_S - 20 * DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_MONTH].count, 2);
	assert_string_equal(news[MATRIX_EXPIRY_STAGE_MONTH].first.name, "b");
	matrix_expiry_take_news(&endings, END_S - 6 * DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_WEEK].count, 2);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_MONTH].count, 0);
	matrix_expiry_take_news(&endings, END_S - DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_DAY].count, 1);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_END].count, 1);
	matrix_free(matrix);
}

static void a_row_of_several_ends_is_one(void **state)
{
	(void)state;
	struct matrix *matrix = load_rows(" - {id: a, from: [relay, mailboxes], to: "
					  "mx-out, protocols: smtp, expires: "
					  "2027-06-30}\n");
	const struct matrix_endings endings = rows_of(matrix, 0);
	struct matrix_expiry_told told = {0};
	struct matrix_expiry expiry;
	size_t rows = 0;
	matrix_expiry_look(&endings, END_S - DAY_S, &expiry);
	assert_int_equal(expiry.soon_count, 1);
	assert_int_equal(
		news_at(matrix, END_S - DAY_S, &told, &rows), MATRIX_EXPIRY_STAGE_DAY);
	assert_int_equal(rows, 1);
	matrix_free(matrix);
}

static void a_row_put_off_is_told_anew(void **state)
{
	(void)state;
	struct matrix_expiry_told told = {0};
	size_t rows = 0;
	struct matrix *matrix = matrix_of(", expires: 2027-06-30", "");
	assert_int_equal(news_at(matrix, END_S - 2 * DAY_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_WEEK);
	matrix_free(matrix);
	matrix = matrix_of(", expires: 2027-07-15", "");
	assert_int_equal(news_at(matrix, END_S - 2 * DAY_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_MONTH);
	matrix_free(matrix);
}

static void what_ended_long_ago_is_no_news(void **state)
{
	(void)state;
	struct matrix_expiry_told told = {0};
	size_t rows = 0;
	struct matrix *matrix = matrix_of(", expires: 2027-06-30", "");
	assert_int_equal(news_at(matrix, END_S + 30 * DAY_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_NONE);
	assert_int_equal(news_at(matrix, END_S + 30 * DAY_S - 1, &told, &rows),
		MATRIX_EXPIRY_STAGE_END);
	matrix_free(matrix);
}

static void the_end_of_the_grace_is_told_once_and_only_where_there_is_one(void **state)
{
	(void)state;
	static const uint32_t YEAR_S = 366 * DAY_S;
	struct matrix_expiry_told told = {0};
	size_t rows = 0;
	struct matrix *matrix = matrix_of(
		", expires: 2027-06-30", ", expires: 2027-06-30, mode: audit");
	assert_int_equal(news_in_grace(matrix, END_S, YEAR_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_END);
	assert_int_equal(rows, 2);
	assert_int_equal(
		news_in_grace(matrix, END_S + YEAR_S - 1, YEAR_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_NONE);
	assert_int_equal(news_at(matrix, END_S + YEAR_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_NONE);
	assert_int_equal(news_in_grace(matrix, END_S + YEAR_S, YEAR_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_OVER);
	assert_int_equal(rows, 1);
	assert_int_equal(
		news_in_grace(matrix, END_S + YEAR_S + DAY_S, YEAR_S, &told, &rows),
		MATRIX_EXPIRY_STAGE_NONE);
	matrix_free(matrix);
}

static void what_is_past_its_grace_is_counted(void **state)
{
	(void)state;
	struct matrix_expiry expiry;
	struct matrix *matrix = matrix_of(
		", expires: 2027-06-30", ", expires: 2027-06-30, mode: audit");
	const struct matrix_endings endings = rows_of(matrix, 0);
	const struct matrix_endings graced = rows_of(matrix, DAY_S);
	matrix_expiry_look(&graced, END_S + DAY_S - 1, &expiry);
	assert_int_equal(expiry.over_count, 0);
	matrix_expiry_look(&graced, END_S + DAY_S, &expiry);
	assert_int_equal(expiry.over_count, 1);
	assert_int_equal(expiry.ended_count, 2);
	matrix_expiry_look(&endings, END_S + DAY_S, &expiry);
	assert_int_equal(expiry.over_count, 0);
	matrix_free(matrix);
}

static void of_a_row_in_audit_mode_it_is_said(void **state)
{
	(void)state;
	struct matrix *matrix = matrix_of(
		", expires: 2027-06-30", ", expires: 2027-08-01, mode: audit");
	const struct matrix_endings endings = rows_of(matrix, DAY_S);
	struct matrix_expiry expiry;
	matrix_expiry_look(&endings, END_S - 1, &expiry);
	assert_false(expiry.next.is_audited);
	matrix_expiry_look(&endings, END_S, &expiry);
	assert_false(expiry.ended.is_audited);
	assert_true(expiry.next.is_audited);
	matrix_free(matrix);
}

static void the_next_row_and_the_last_that_ended_are_found(void **state)
{
	(void)state;
	struct matrix *matrix =
		matrix_of(", expires: 2027-06-30", ", expires: 2027-08-01");
	const struct matrix_endings endings = rows_of(matrix, 0);
	struct matrix_expiry expiry;
	matrix_expiry_look(&endings, END_S - 30 * DAY_S - 1, &expiry);
	assert_string_equal(expiry.next.name, "a");
	assert_int_equal(expiry.soon_count, 0);
	matrix_expiry_look(&endings, END_S - 30 * DAY_S, &expiry);
	assert_int_equal(expiry.soon_count, 1);
	assert_int_equal(matrix_expiry_days(expiry.next.end_s, END_S - 30 * DAY_S), 30);
	assert_int_equal(matrix_expiry_days(expiry.next.end_s, END_S - 1), 0);
	matrix_expiry_look(&endings, END_S, &expiry);
	assert_string_equal(expiry.next.name, "b");
	assert_string_equal(expiry.ended.name, "a");
	assert_int_equal(expiry.ended_count, 1);
	assert_int_equal(matrix_expiry_days(expiry.ended.end_s, END_S), 0);
	matrix_free(matrix);
}

/* Rows and groups that accept something until a day are a kind of their own. */
static void what_is_accepted_until_a_day_is_told_like_a_row(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(
		"schema: 1\ngroups:\n"
		"  g: {role: relay, addresses: 192.0.2.1, owner: it, accepts: R35, "
		"reason: why, until: 2027-06-29}\n"
		"  h: {role: relay, addresses: 192.0.2.2, owner: it, accepts: R35, "
		"reason: for good}\n"
		"rows: [{id: a, from: [g, h], to: internet, protocols: smtp, owner: "
		"it, "
		"accepts: R35, reason: why, until: 2027-06-30, expires: 2027-06-30}]\n",
		&problems);
	assert_int_equal(problems.count, 0);
	struct matrix_expiry_told told = {0};
	struct matrix_expiry expiry;
	struct matrix_expiry_news news[MATRIX_EXPIRY_STAGE_COUNT];
	const struct matrix_endings rows = rows_of(matrix, 0);
	/* a grace is of rows alone */
	const struct matrix_endings accepted = {
		matrix, MATRIX_ENDING_ACCEPTANCE, DAY_S};
	matrix_expiry_look(&accepted, END_S - 5 * DAY_S, &expiry);
	assert_string_equal(expiry.next.name, "group g");
	assert_int_equal(expiry.soon_count, 2);
	matrix_expiry_look(&accepted, END_S - DAY_S, &expiry);
	assert_string_equal(expiry.next.name, "row a");
	assert_string_equal(expiry.ended.name, "group g");
	assert_int_equal(expiry.ended_count, 1);
	matrix_expiry_look(&accepted, END_S + 5 * DAY_S, &expiry);
	assert_int_equal(expiry.ended_count, 2);
	assert_int_equal(expiry.over_count, 0);
	matrix_expiry_take_news(&accepted, END_S - 5 * DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_WEEK].count, 2);
	assert_string_equal(news[MATRIX_EXPIRY_STAGE_WEEK].first.name, "group g");
	/* of a row that ends on the same day nothing was told by that */
	matrix_expiry_take_news(&rows, END_S - 5 * DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_WEEK].count, 1);
	assert_string_equal(news[MATRIX_EXPIRY_STAGE_WEEK].first.name, "a");
	matrix_expiry_take_news(&accepted, END_S - 5 * DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_WEEK].count, 0);
	matrix_expiry_take_news(&accepted, END_S + 5 * DAY_S, &told, news);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_END].count, 2);
	assert_int_equal(news[MATRIX_EXPIRY_STAGE_OVER].count, 0);
	matrix_free(matrix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_threshold_is_told_once),
		cmocka_unit_test(what_is_accepted_until_a_day_is_told_like_a_row),
		cmocka_unit_test(a_row_without_an_end_is_never_news),
		cmocka_unit_test(rows_that_cross_together_are_one_news),
		cmocka_unit_test(a_row_of_several_ends_is_one),
		cmocka_unit_test(a_row_put_off_is_told_anew),
		cmocka_unit_test(what_ended_long_ago_is_no_news),
		cmocka_unit_test(
			the_end_of_the_grace_is_told_once_and_only_where_there_is_one),
		cmocka_unit_test(what_is_past_its_grace_is_counted),
		cmocka_unit_test(of_a_row_in_audit_mode_it_is_said),
		cmocka_unit_test(the_next_row_and_the_last_that_ended_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
