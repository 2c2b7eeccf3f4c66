/*
 * matrix/words - the fixed words of a matrix file and the numbers behind them.
 */
#pragma once

#include "matrix/matrix.h"

struct word {
	const char *text;
	int value;
};

/* Tables end with a NULL text. */
const struct word *words_of_roles(void);
const struct word *words_of_services(void);
const struct word *words_of_tls(void);
const struct word *words_of_modes(void);
const struct word *words_of_profiles(void);
const struct word *words_of_versions(void);
const struct word *words_of_trust(void);
const struct word *words_of_tunnels(void);
const struct word *words_of_answers(void); /* yes: 1, no: 0 */

/* false when the table has no such word. */
bool word_find(const struct word *table, const char *text, int *value);

/* "unknown" when the table has no such value. */
const char *word_name(const struct word *table, int value);

/* The word a person may have meant, or NULL. */
const char *word_nearest(const struct word *table, const char *wrong);
