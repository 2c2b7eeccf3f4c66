#include "lists/request.h"

#include "lists/load.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define VERSION     1
#define NAME        "control"
#define PATIENCE_MS 10 /* of the sensor with who connected and says nothing */
#define ANSWER_MS   5000
#define WAITING     8
#define COPIES_MOST 5 /* a block may be given back while it is copied */

static struct sockaddr_un address_at(const char *folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/" NAME, folder);
	return address;
}

/* By the open folder: its path may be longer than a socket's may be. */
int lists_socket_listen(int directory, struct reason *why)
{
	char folder[32];
	(void)snprintf(folder, sizeof(folder), "/proc/self/fd/%d", directory);
	const struct sockaddr_un address = address_at(folder);
	const int file =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)unlinkat(directory, NAME, 0);
	const mode_t mask = umask(0177);
	const bool is_bound = file >= 0 && bind(file, (const struct sockaddr *)&address,
						   sizeof(address)) == 0;
	(void)umask(mask);
	if (!is_bound || listen(file, WAITING) != 0) {
		(void)reason_set(why, "cannot listen at " NAME ": %s", strerror(errno));
		if (file >= 0) {
			(void)close(file);
		}
		return -1;
	}
	return file;
}

/* Root, or the sensor's own user. */
static bool may_ask(int connection)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static void end_texts(struct lists_request *request)
{
	request->list[sizeof(request->list) - 1] = '\0';
	request->entry[sizeof(request->entry) - 1] = '\0';
	request->reason[sizeof(request->reason) - 1] = '\0';
}

int lists_request_next(int socket, struct lists_request *request)
{
	const int connection =
		accept4(socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct pollfd ready = {.fd = connection, .events = POLLIN};
	if (connection < 0) {
		return -1;
	}
	if (may_ask(connection) && poll(&ready, 1, PATIENCE_MS) == 1 &&
		recv(connection, request, sizeof(*request), 0) ==
			(ssize_t)sizeof(*request) &&
		request->version == VERSION) {
		end_texts(request);
		return connection;
	}
	(void)close(connection);
	return -1;
}

void lists_request_answer(int connection, const struct lists_answer *answer, int file)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec part = {(void *)answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (file >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&control.head), &file, sizeof(file));
	}
	(void)sendmsg(connection, &message, MSG_NOSIGNAL); /* who left, left */
	(void)close(connection);
}

static bool receive(
	int connection, struct lists_answer *answer, int *file, struct reason *why)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct pollfd ready = {.fd = connection, .events = POLLIN};
	if (poll(&ready, 1, ANSWER_MS) != 1 ||
		recvmsg(connection, &message, MSG_CMSG_CLOEXEC) !=
			(ssize_t)sizeof(*answer)) {
		return reason_set(why, "the sensor does not answer");
	}
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_type == SCM_RIGHTS) {
		memcpy(file, CMSG_DATA(head), sizeof(*file));
	}
	answer->text[sizeof(answer->text) - 1] = '\0';
	return answer->is_done || reason_set(why, "%s", answer->text);
}

bool lists_request_send(const char *state_dir, struct lists_request *request,
	struct lists_answer *answer, int *file, struct reason *why)
{
	const struct sockaddr_un address = address_at(state_dir);
	const int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	*answer = (struct lists_answer){.is_done = false};
	*file = -1;
	request->version = VERSION;
	if (connection < 0 || connect(connection, (const struct sockaddr *)&address,
				      sizeof(address)) != 0) {
		(void)reason_set(why, "%s: no sensor can be asked there: %s", state_dir,
			strerror(errno));
	} else if (send(connection, request, sizeof(*request), MSG_NOSIGNAL) !=
		   (ssize_t)sizeof(*request)) {
		(void)reason_set(
			why, "the sensor takes no request: %s", strerror(errno));
	} else if (receive(connection, answer, file, why)) {
		(void)close(connection);
		return true;
	}
	if (connection >= 0) {
		(void)close(connection);
	}
	return false;
}

static struct lists *copy_file(int file, struct reason *why)
{
	const struct lists *shared =
		mmap(NULL, LISTS_BLOCK_BYTES, PROT_READ, MAP_SHARED, file, 0);
	if (shared == MAP_FAILED) {
		(void)reason_set(why, "cannot read the lists: %s", strerror(errno));
		return NULL;
	}
	struct lists *copy = lists_copy(shared, why);
	(void)munmap((void *)shared, LISTS_BLOCK_BYTES);
	return copy;
}

/* One that was in force before and behind it is whole. */
struct lists *lists_request_copy(const char *state_dir, struct reason *why)
{
	struct lists_request request = {.operation = LISTS_OPEN};
	struct lists *copy = NULL;
	uint32_t generation = 0;
	for (unsigned i = 0; i < COPIES_MOST; i++) {
		struct lists_answer answer = {.is_done = false};
		int file = -1;
		if (!lists_request_send(state_dir, &request, &answer, &file, why)) {
			break;
		}
		if (copy && generation == answer.generation) {
			(void)close(file);
			return copy;
		}
		lists_free(copy);
		generation = answer.generation;
		copy = copy_file(file, why);
		(void)close(file);
		if (!copy) {
			return NULL;
		}
		(void)reason_set(why, "the lists change all the time");
	}
	lists_free(copy);
	return NULL;
}
