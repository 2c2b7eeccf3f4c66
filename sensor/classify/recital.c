#include "classify/recital.h"

/* Commands of mail, whoever else has them. */
#define CLIENT_OF_MAIL                                                             \
	(CLIENT_EHLO | CLIENT_LHLO | CLIENT_MAIL | CLIENT_RCPT | CLIENT_STARTTLS | \
		CLIENT_SMTP_ONLY | CLIENT_AUTH | CLIENT_SHARED | CLIENT_USER |     \
		CLIENT_PASS | CLIENT_POP3 | CLIENT_POP3_SHARED | CLIENT_IMAP |     \
		CLIENT_SIEVE | CLIENT_SASL_QUOTED)

/* One line and no command of mail, and all of it before the server's first word. */
static bool is_one_request(
	const struct prefix *prefix, const struct traits *traits, unsigned client)
{
	const size_t len = prefix->len[client];
	if (len == 0 || !prefix_is_first(prefix, client) ||
		prefix->runs[0].len != len || prefix->has_gap[client] ||
		prefix_is_full(prefix, client) ||
		(traits->client & CLIENT_OF_MAIL) != 0) {
		return false;
	}
	const struct text all = {prefix->bytes[client], len};
	size_t line = 0;
	while (line < len && (all.at[line] >= ' ' || all.at[line] == '\t')) {
		line++;
	}
	const struct text rest = {all.at + line, len - line};
	return rest.len > 0 && text_trim(rest).len == 0;
}

/* Joined in mid-stream: what it asked for may have gone by, or is still to be heard. */
static bool is_yet_to_speak(
	const struct prefix *prefix, const struct classify_hint *hint, unsigned client)
{
	return !hint->is_client_known && !hint->is_ended && prefix->len[client] == 0 &&
	       !prefix->has_gap[client];
}

bool recital_is_mute(
	const struct prefix *prefix, const struct classify_hint *hint, unsigned side)
{
	return hint->is_mute[side] && !prefix->has_gap[side];
}

bool recital_is_unasked(const struct prefix *prefix, const struct classify_hint *hint,
	const struct classification *result, const struct traits *traits,
	unsigned client)
{
	if (result->slides > 0) {
		return result->is_unasked && prefix->len[client] == 0;
	}
	return recital_is_mute(prefix, hint, client) ||
	       is_yet_to_speak(prefix, hint, client) ||
	       is_one_request(prefix, traits, client);
}
