/*
 * judge/recommendation - which of a finding's recommendations one flow touches.
 *
 * The catalogue lists all that a finding may touch. A role mismatch is R36's only where
 * it is the gateway's: its servers taking or sending what they are not for.
 */
#pragma once

#include "judge/judge.h"

#define RECOMMENDATIONS_MAX 4

/* In the catalogue's order, NULL behind the last; the texts are the catalogue's. */
void recommendations_of(const struct judgement *judgement, enum protocol protocol,
	enum finding finding, const char *list[RECOMMENDATIONS_MAX]);

/* What is seen of TLS counts for whose traffic it is: R42 between servers, R41 for users. */
const char *recommendation_of_tls(
	const struct judgement *judgement, enum protocol protocol);

/* The one it counts against, or NULL; 465 is R42's alone, a password R41's. */
const char *recommendation_breached(const struct judgement *judgement,
	enum protocol protocol, enum finding finding);
