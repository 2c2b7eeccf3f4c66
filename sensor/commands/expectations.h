/*
 * commands/expectations - answers that a matrix is to give, as a file lists them.
 *
 * In: lines "FROM TO PROTOCOL[:PORT] [clear|starttls|implicit] [VERSION] -> ANSWER",
 * where ANSWER is allowed, probe, undecided, not-allowed or "row ID"; blank lines and
 * what stands behind # are passed over. Out: the mistakes of the file, or the answers
 * that are others, each "file:line: text". The TLS that a line does not give is the best
 * that the protocol has, as explain takes it.
 */
#pragma once

#include "matrix/matrix.h"

struct expectations {
	struct matrix_problems errors; /* then nothing else is filled */
	struct matrix_problems unmet;
	size_t count; /* lines that expect something */
};

/* "-" is stdin. All is to be given back by expectations_free. */
void expectations_hold(struct expectations *expectations, const char *path,
	const struct matrix *matrix, int64_t now_s);
void expectations_free(struct expectations *expectations);
