#include "ship/redis_session.h"

#include "base/clock.h"

#include <poll.h>
#include <string.h>

#define HOPS_MAX 16 /* redirections of one command */
#define SOON_MS  100

/* Say what an error means; its own text behind that. */
static void tell_error(
	struct redis_session *session, const char *text, struct reason *why)
{
	const struct redis_error *error = redis_error_of(text);
	session->error = error->kind;
	(void)reason_set(why, "%s%s: %.120s",
		error->kind == REDIS_ERROR_SETTINGS ? "to be set right: " : "",
		error->what, text);
}

/* One command on a link, without redirections. NULL with a reason, also for an error. */
static struct redis_answer *ask_on(struct redis_session *session,
	struct redis_link *link, const char **words, struct reason *why)
{
	struct redis_command command = {.words = words};
	while (words[command.count]) {
		command.count++;
	}
	struct redis_answer *answer = redis_link_call(link, &command, why);
	const char *error = redis_answer_error(answer);
	if (error) {
		tell_error(session, error, why);
		redis_answer_free(answer);
		return NULL;
	}
	return answer;
}

static bool order_on(struct redis_session *session, struct redis_link *link,
	const char **words, struct reason *why)
{
	struct redis_answer *answer = ask_on(session, link, words, why);
	if (!answer) {
		return false;
	}
	redis_answer_free(answer);
	return true;
}

static bool log_in(struct redis_session *session, struct redis_link *link,
	const struct redis_login *login, struct reason *why)
{
	if (login->password[0] == '\0') {
		return true;
	}
	const char *with_user[] = {"AUTH", login->user, login->password, NULL};
	const char *without[] = {"AUTH", login->password, NULL};
	return order_on(session, link, login->user ? with_user : without, why);
}

static bool enter(struct redis_session *session, struct redis_link *link,
	const struct redis_node *node, struct reason *why)
{
	const struct redis_settings *settings = session->settings;
	const char *name[] = {"CLIENT", "SETNAME", "mailwarden", NULL};
	const char *database[] = {"SELECT", settings->database, NULL};
	struct reason unnamed;
	if (!redis_link_open(link, node, why) ||
		!log_in(session, link, &settings->login, why)) {
		return false;
	}
	/* for CLIENT LIST only: a user that may not is none the worse */
	(void)order_on(session, link, name, &unnamed);
	if (!link->context) {
		*why = unnamed;
		return false;
	}
	return strcmp(settings->database, "0") == 0 ||
	       order_on(session, link, database, why);
}

/* Where a Sentinel says that the master is. */
static bool read_master(const struct redis_answer *answer, const char *name,
	struct redis_node *master, struct reason *why)
{
	const char *host = redis_answer_text(redis_answer_item(answer, 0));
	const int64_t port = redis_answer_number(redis_answer_item(answer, 1));
	if (!host || strlen(host) >= sizeof(master->host) || port <= 0 ||
		port > 65535) {
		return reason_set(why,
			"to be set right: the Sentinels know no master \"%.60s\"",
			name);
	}
	memcpy(master->host, host, strlen(host) + 1);
	master->port = (unsigned)port;
	return true;
}

static bool find_master(struct redis_session *session,
	const struct redis_node *sentinel, struct redis_node *master,
	struct reason *why)
{
	const struct redis_settings *settings = session->settings;
	const char *question[] = {
		"SENTINEL", "get-master-addr-by-name", settings->master, NULL};
	struct redis_link link = {.context = NULL};
	struct redis_answer *answer = NULL;
	if (redis_link_open(&link, sentinel, why) &&
		log_in(session, &link, &settings->sentinel_login, why)) {
		answer = ask_on(session, &link, question, why);
	}
	redis_link_close(&link);
	if (!answer) {
		return false;
	}
	const bool is_read = read_master(answer, settings->master, master, why);
	redis_answer_free(answer);
	return is_read;
}

/* What a Sentinel says may be old: ask the server itself. */
static bool check_role(struct redis_session *session, struct reason *why)
{
	const char *question[] = {"ROLE", NULL};
	struct redis_answer *answer = ask_on(session, &session->link, question, why);
	if (!answer) {
		return false;
	}
	const char *role = redis_answer_text(redis_answer_item(answer, 0));
	const bool is_master = role && strcmp(role, "master") == 0;
	if (!is_master) {
		(void)reason_set(why, "%.100s port %u is a %.20s: no new master yet",
			session->link.node.host, session->link.node.port,
			role ? role : "server without a role");
	}
	redis_answer_free(answer);
	return is_master;
}

static bool open_by_sentinel(struct redis_session *session, struct reason *why)
{
	const struct redis_nodes *sentinels = &session->settings->sentinels;
	struct redis_node master;
	for (size_t i = 0;
		i < sentinels->count && clock_monotonic_us() < session->end_us; i++) {
		if (find_master(session, &sentinels->list[i], &master, why) &&
			enter(session, &session->link, &master, why) &&
			check_role(session, why)) {
			return true;
		}
		redis_link_close(&session->link);
	}
	return false;
}

static bool open_any(struct redis_session *session, struct reason *why)
{
	const struct redis_nodes *servers = &session->settings->servers;
	for (size_t i = 0; i < servers->count && clock_monotonic_us() < session->end_us;
		i++) {
		if (enter(session, &session->link, &servers->list[i], why)) {
			return true;
		}
		redis_link_close(&session->link);
	}
	return false;
}

bool redis_session_open(struct redis_session *session, struct reason *why)
{
	const struct redis_node moved = session->moved;
	if (session->link.context) {
		return true;
	}
	session->moved.host[0] = '\0'; /* when it fails, ask the named ones again */
	if (moved.host[0] != '\0') {
		if (enter(session, &session->link, &moved, why)) {
			return true;
		}
		redis_link_close(&session->link);
		return false;
	}
	*why = session->settings->unresolved;
	return session->settings->master ? open_by_sentinel(session, why)
					 : open_any(session, why);
}

void redis_session_close(struct redis_session *session)
{
	redis_link_close(&session->link);
	session->moved.host[0] = '\0';
}

/* Once on another node, which answers only behind ASKING. */
static struct redis_answer *call_there(struct redis_session *session,
	const struct redis_node *node, const struct redis_command *command,
	struct reason *why)
{
	const char *asking[] = {"ASKING", NULL};
	struct redis_link link = {.context = NULL};
	struct redis_answer *answer = NULL;
	if (enter(session, &link, node, why) && order_on(session, &link, asking, why)) {
		answer = redis_link_call(&link, command, why);
	}
	redis_link_close(&link);
	return answer;
}

/* Follow a redirection. False: there is none to follow, or too late. */
static bool follow_redirection(struct redis_session *session, const char *error,
	struct redis_node *asked, struct reason *why)
{
	unsigned slot;
	tell_error(session, error, why);
	if (clock_monotonic_us() >= session->end_us) {
		return false;
	}
	if (session->error == REDIS_ERROR_SOON) {
		(void)poll(NULL, 0, SOON_MS);
		asked->host[0] = '\0';
		return true;
	}
	const struct redis_node here = session->link.node;
	if (session->error == REDIS_ERROR_ASK) {
		return redis_redirect_read(error, &here, asked, &slot);
	}
	asked->host[0] = '\0';
	if (session->error != REDIS_ERROR_MOVED ||
		!redis_redirect_read(error, &here, &session->moved, &slot)) {
		return false;
	}
	redis_link_close(&session->link);
	return true;
}

struct redis_answer *redis_session_call(struct redis_session *session,
	const struct redis_command *command, struct reason *why)
{
	struct redis_node asked = {.host = ""}; /* by ASK: there, and only once */
	for (unsigned hop = 0; hop < HOPS_MAX; hop++) {
		if (!redis_session_open(session, why)) {
			return NULL;
		}
		struct redis_answer *answer =
			asked.host[0] != '\0'
				? call_there(session, &asked, command, why)
				: redis_link_call(&session->link, command, why);
		const char *error = redis_answer_error(answer);
		if (!error) {
			return answer; /* or none, with the reason */
		}
		const bool is_followed =
			follow_redirection(session, error, &asked, why);
		redis_answer_free(answer);
		if (!is_followed) {
			return NULL;
		}
	}
	return NULL;
}

struct redis_answer *redis_session_ask(
	struct redis_session *session, const char **words, struct reason *why)
{
	struct redis_command command = {.words = words};
	while (words[command.count]) {
		command.count++;
	}
	return redis_session_call(session, &command, why);
}
