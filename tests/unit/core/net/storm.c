/* SPDX-License-Identifier: ISC */
/*
 * storm.c - many clients that come, go, hang up, and listen at once
 *
 * For the thread sanitizer above all (a plain main, as it wants); it also
 * checks each reply, and that no session is left when all is over.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mansio/str.h>

#include "base/bus.h"
#include "peer.h"

#define CLIENTS	8
#define ROUNDS	100

static struct server server;
static unsigned rounds = ROUNDS;
static atomic_bool done;
static _Atomic unsigned wrong;

static void
expect(struct peer *p, const char *want)
{
	const char *line = peer_line(p);

	if (strcmp(line, want) == 0)
		return;
	fprintf(stderr, "\"%s\" instead of \"%s\"\n", line, want);
	atomic_fetch_add(&wrong, 1);
}

static void
talk(struct peer *p, unsigned *seed)
{
	char text[64], reply[64];
	int n = rand_r(seed) % 20;

	for (int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "SAY %d\r\n", i);
		peer_send(p, text);
	}
	for (int i = 0; i < n; i++) {
		snprintf(reply, sizeof(reply), "250 %d", i);
		expect(p, reply);
	}
}

static void
send_body(struct peer *p)
{
	peer_send(p, "DATA\r\n");
	expect(p, "354 go");
	peer_send(p, "Subject: storm\r\n\r\n");
	peer_send(p, "text\r\n.\r\n");
	expect(p, "250 24 0 0 24");
}

static void
idle(struct peer *p)
{
	peer_send(p, "WATCH storm/1\r\nIDLE\r\n");
	expect(p, "250 0");
	expect(p, "+ idle");
	expect(p, "* storm/1");
	expect(p, "* storm/1");
	peer_send(p, "SAY done\r\n");
	/* Events may come before it. */
	for (int i = 0; i < 1000; i++)
		if (strcmp(peer_line(p), "250 done") == 0)
			return;
	atomic_fetch_add(&wrong, 1);
}

static void
hang_up(struct peer *p)
{
	struct linger hard = { .l_onoff = 1 };

	peer_send(p, "SLEEP 5\r\nSEND 100000\r\nSLEEP 1\r\nSAY x\r\n");
	(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static void *
client(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	for (int round = 0; (unsigned)round < rounds; round++) {
		struct peer p;

		peer_connect(&p, &server);
		expect(&p, "220 echo");
		talk(&p, &seed);
		switch (rand_r(&seed) % 8) {
		case 0:
			send_body(&p);
			break;
		case 1:
			peer_send(&p, "SLEEP 2\r\nSAY a\r\n");
			expect(&p, "250 slept");
			expect(&p, "250 a");
			break;
		case 2:
			idle(&p);
			break;
		case 3:
			hang_up(&p);
			break;
		case 4:
			peer_send(&p, "PAGES 500736\r\n");
			if (!peer_skip(&p, 500736))
				atomic_fetch_add(&wrong, 1);
			expect(&p, "250 done");
			break;
		case 5:
			peer_send(&p, "LOGIN x\r\nQUIT\r\n");
			expect(&p, "250 0");
			expect(&p, "230 ann@example.org resumed with x");
			expect(&p, "221 bye");
			break;
		case 6:
			peer_send(&p, "STARTTLS\r\n");
			expect(&p, "220 ready");
			if (peer_start_tls(&p, NULL) != 0)
				atomic_fetch_add(&wrong, 1);
			talk(&p, &seed);
			break;
		default:
			peer_send(&p, "SOON 10\r\n");
			expect(&p, "421 timeout");
		}
		peer_close(&p);
	}
	return NULL;
}

static void *
publish(void *arg)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	(void)arg;
	while (!atomic_load(&done)) {
		bus_publish(ms_str_c("storm/1"), ms_str_c(""));
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t clients[CLIENTS], publisher;
	struct peer left[4];

	if (argc > 1)
		rounds = (unsigned)strtoul(argv[1], NULL, 10);
	server_init(&server);
	server_use_tls(&server, false, 0);
	server.options.workers = 4;
	server.options.parkers = 2;
	server_start(&server);
	pthread_create(&publisher, NULL, publish, NULL);
	for (uintptr_t i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i], NULL, client, (void *)(i + 1));
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	for (int i = 0; i < 4; i++) {
		peer_connect(&left[i], &server);
		expect(&left[i], "220 echo");
	}
	peer_send(&left[1], "WATCH storm/1\r\nIDLE\r\n");
	peer_send(&left[2], "SLEEP 50\r\n");
	server_stop(&server);
	atomic_store(&done, true);
	pthread_join(publisher, NULL);
	for (int i = 0; i < 4; i++)
		peer_close(&left[i]);
	if (atomic_load(&server.self.opened) != atomic_load(&server.self.closed)) {
		fprintf(stderr, "%u lives began, %u ended\n",
		    atomic_load(&server.self.opened),
		    atomic_load(&server.self.closed));
		return 1;
	}
	return atomic_load(&wrong) == 0 ? 0 : 1;
}
