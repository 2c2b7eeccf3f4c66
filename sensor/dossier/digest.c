#include "dossier/digest.h"

#include "matrix/expiry.h"

#define US_PER_S INT64_C(1000000)

static bool is_in(const struct dossier *dossier, uint64_t time_us)
{
	return dossier_is_in_span(dossier, time_us);
}

static int64_t end_s(const struct digest *digest)
{
	return (int64_t)digest->now->span.until_us / US_PER_S;
}

bool digest_is_silent(const struct digest *digest)
{
	return digest->now->sight.last_us < digest->now->span.from_us;
}

bool digest_is_first(const struct digest *digest)
{
	return is_in(digest->now, digest->now->sight.first_us);
}

bool digest_is_verdict_changed(
	const struct digest *digest, enum conformity_subject subject)
{
	return !digest_is_silent(digest) &&
	       conformity_verdict(digest->now->conformity, subject) !=
		       conformity_verdict(digest->before->conformity, subject);
}

bool digest_is_sender_new(
	const struct digest *digest, const struct dossier_offender *offender)
{
	return is_in(digest->now, offender->first_us);
}

bool digest_is_cell_new(const struct digest *digest, const struct grid_cell *cell)
{
	return is_in(digest->now, cell->since_us);
}

enum digest_row digest_row(const struct digest *digest, const struct dossier_row *use)
{
	const int64_t expires_s = use->row->expires_s;
	const int64_t start_s = (int64_t)digest->now->span.from_us / US_PER_S;
	if (expires_s > start_s && expires_s <= end_s(digest)) {
		return DIGEST_ROW_ENDED;
	}
	if (expires_s > end_s(digest) &&
		expires_s <= end_s(digest) + MATRIX_EXPIRY_SOON_S) {
		return DIGEST_ROW_ENDING;
	}
	return !digest_is_silent(digest) && is_in(digest->before, use->last_us)
		       ? DIGEST_ROW_SILENT
		       : DIGEST_ROW_NONE;
}

bool digest_is_certificate_ending(
	const struct digest *digest, const struct dossier_server *server)
{
	return server->certificate_end_s != 0 &&
	       server->certificate_end_s <= end_s(digest) + MATRIX_EXPIRY_SOON_S;
}

bool digest_is_claim_new(
	const struct digest *digest, const struct reported_claim *claim)
{
	return is_in(digest->now, claim->told_us);
}

static bool has_new_claim(const struct digest *digest)
{
	const struct reported *reported = &digest->now->reported;
	/* who made others find no room is not known */
	bool is_new = reported->unkept > 0;
	for (size_t i = 0; i < reported->sender_count; i++) {
		is_new = is_new ||
			 digest_is_claim_new(digest, &reported->senders[i].claim);
	}
	for (size_t i = 0; i < reported->policy_count; i++) {
		is_new = is_new ||
			 digest_is_claim_new(digest, &reported->policies[i].claim);
	}
	return is_new;
}

static bool has_new_verdict(const struct digest *digest)
{
	bool is_new = false;
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		is_new = is_new ||
			 digest_is_verdict_changed(digest, (enum conformity_subject)i);
	}
	return is_new;
}

static bool has_new_sender(const struct digest *digest)
{
	for (size_t i = 0; i < digest->now->offender_total; i++) {
		if (digest_is_sender_new(digest, &digest->now->offenders[i])) {
			return true;
		}
	}
	return false;
}

static bool has_new_cell(const struct digest *digest)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(digest->now->grid, &count);
	for (size_t i = 0; i < count; i++) {
		if (digest_is_cell_new(digest, &cells[i])) {
			return true;
		}
	}
	return false;
}

static bool has_row(const struct digest *digest)
{
	for (size_t i = 0; i < digest->now->row_count; i++) {
		if (digest_row(digest, &digest->now->rows[i]) != DIGEST_ROW_NONE) {
			return true;
		}
	}
	return false;
}

static bool has_certificate(const struct digest *digest)
{
	for (size_t i = 0; i < digest->now->server_total; i++) {
		if (digest_is_certificate_ending(digest, &digest->now->servers[i])) {
			return true;
		}
	}
	return false;
}

bool digest_has_news(const struct digest *digest)
{
	return digest_is_silent(digest) || has_new_verdict(digest) ||
	       has_new_sender(digest) || has_new_cell(digest) || has_row(digest) ||
	       has_certificate(digest) || has_new_claim(digest);
}
