/* The verbs of the command line. Each reads its own options (argv[0] is the verb) and gives the
 * exit status: 0 done, 1 not done or not so, 2 wrong command line. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

int cli_serve(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_route(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_tune(int argc, char **argv);
int cli_models(int argc, char **argv);
int cli_connect(int argc, char **argv);
int cli_catalog(int argc, char **argv);
int cli_dialects(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_account(int argc, char **argv);
int cli_team(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_usage(int argc, char **argv);
int cli_invoice(int argc, char **argv);
int cli_reconcile(int argc, char **argv);
int cli_ledger(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv);

#define CLI_DATA_DEFAULT "flux-data"

#endif
