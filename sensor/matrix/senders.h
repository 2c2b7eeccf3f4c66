/*
 * matrix/senders - who mails the Internet and who takes mail from it, as the matrix declares.
 *
 * A row counts while it is in force, and by SMTP alone: who submits to a provider does not
 * send to anybody's MX. Sees no packets.
 */
#pragma once

#include "matrix/matrix.h"

/* Its source is ours and sends to the Internet; its target is ours and takes from it. */
bool matrix_row_sends_out(
	const struct matrix *matrix, const struct matrix_row *row, int64_t now_s);
bool matrix_row_takes_in(
	const struct matrix *matrix, const struct matrix_row *row, int64_t now_s);

/*
 * The host may send mail of this domain, written in lower case, to the Internet: a row lets
 * it, its group has the role for it (outbound), or the domain names it among its senders.
 */
bool matrix_may_send(const struct matrix *matrix, const char *domain,
	const struct address *address, int64_t now_s);
