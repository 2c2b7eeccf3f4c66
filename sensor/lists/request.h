/*
 * lists/request - what a running sensor is asked about its lists, and what it answers.
 *
 * By the socket "control" in its state directory, which its user and root alone may open:
 * one request, one answer a connection. Who wants to look into the lists is given the
 * block that is in force, to map it by itself; so no answer is longer than another.
 */
#pragma once

#include "lists/lists.h"

enum lists_operation {
	LISTS_OPEN = 1, /* the block in force, as a file */
	LISTS_ADD,
	LISTS_REMOVE,
};

/* Of one program to itself: the same structs on both sides. */
struct lists_request {
	uint32_t version;
	uint32_t operation;
	char list[64];
	char entry[LISTS_TEXT_BYTES];
	char reason[LISTS_REASON_BYTES];
	int64_t expires_s; /* 0: never */
};

struct lists_answer {
	uint32_t is_done;
	uint32_t generation; /* of the lists in force */
	char text[256];      /* why not */
};

/* The sensor's socket in its state directory; what an earlier one left there goes. */
int lists_socket_listen(int directory, struct reason *why);

/*
 * The next request that is there, of somebody who may ask. Returns the connection, to be
 * answered; -1: there is none.
 */
int lists_request_next(int socket, struct lists_request *request);

/* And close it. file: sent along, or -1. */
void lists_request_answer(int connection, const struct lists_answer *answer, int file);

/*
 * Ask the sensor of a state directory. False with a reason: there is none, or it did not
 * do it. *file: what came along, or -1.
 */
bool lists_request_send(const char *state_dir, struct lists_request *request,
	struct lists_answer *answer, int *file, struct reason *why);

/* A copy of the lists in force of that sensor, for lists_free; NULL with the reason. */
struct lists *lists_request_copy(const char *state_dir, struct reason *why);
