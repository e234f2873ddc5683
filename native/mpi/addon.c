// Addon over MPI: rank and size of the process group, and exchanges of bytes between two ranks. Built by mpicc
// (scripts/build-mpi.mjs). Exchanges run one at a time on threads of Node's pool, never on the main thread, so MPI must
// support MPI_THREAD_SERIALIZED.
#include <mpi.h>
#include <node_api.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Polls without a pause first, and then with pauses, so that a waiting rank leaves its core to the others.
enum { looksWithoutPause = 2000, pauseNanoseconds = 20000 };

static MPI_Comm ranks = MPI_COMM_NULL;
static atomic_bool abandoned;

typedef struct {
  int peer;
  void* data[2];  // sent, received
  size_t bytes[2];
  int error;
  napi_ref arrays[2];
  napi_deferred deferred;
  napi_async_work work;
} Exchange;

static napi_value errorOf(napi_env env, int code) {
  char text[MPI_MAX_ERROR_STRING + 1] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  napi_value message, error;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, NULL, message, &error);
  return error;
}

static void setNumber(napi_env env, napi_value object, const char* name, int number) {
  napi_value value;
  napi_create_int32(env, number, &value);
  napi_set_named_property(env, object, name, value);
}

// start(): initializes MPI, returns { rank, size, library }. Throws if MPI lacks MPI_THREAD_SERIALIZED.
static napi_value start(napi_env env, napi_callback_info info) {
  (void)info;
  int level = 0, rank = 0, size = 0, length = 0;
  int error = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &level);
  if (error != MPI_SUCCESS) {
    napi_throw(env, errorOf(env, error));
    return NULL;
  }
  if (level < MPI_THREAD_SERIALIZED) {
    napi_throw_error(env, NULL, "it does not let threads take turns (MPI_THREAD_SERIALIZED)");
    return NULL;
  }
  MPI_Comm_dup(MPI_COMM_WORLD, &ranks);
  MPI_Comm_set_errhandler(ranks, MPI_ERRORS_RETURN);
  MPI_Comm_rank(ranks, &rank);
  MPI_Comm_size(ranks, &size);
  char library[MPI_MAX_LIBRARY_VERSION_STRING + 1] = "";
  MPI_Get_library_version(library, &length);
  library[strcspn(library, "\n,")] = '\0';
  napi_value started, name;
  napi_create_object(env, &started);
  setNumber(env, started, "rank", rank);
  setNumber(env, started, "size", size);
  napi_create_string_utf8(env, library, NAPI_AUTO_LENGTH, &name);
  napi_set_named_property(env, started, "library", name);
  return started;
}

static void execute(napi_env env, void* data) {
  (void)env;
  Exchange* exchange = data;
  MPI_Request requests[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  int error = MPI_SUCCESS;
  if (exchange->bytes[1] > 0)
    error = MPI_Irecv(exchange->data[1], (int)exchange->bytes[1], MPI_BYTE, exchange->peer, 0, ranks, &requests[1]);
  if (error == MPI_SUCCESS && exchange->bytes[0] > 0)
    error = MPI_Isend(exchange->data[0], (int)exchange->bytes[0], MPI_BYTE, exchange->peer, 0, ranks, &requests[0]);
  const struct timespec pause = {0, pauseNanoseconds};
  int done = 0;
  for (int looks = 0; error == MPI_SUCCESS && !abandoned; looks++) {
    error = MPI_Testall(2, requests, &done, MPI_STATUSES_IGNORE);
    if (done) break;
    if (looks >= looksWithoutPause) nanosleep(&pause, NULL);
  }
  exchange->error = error;
}

static void complete(napi_env env, napi_status status, void* data) {
  (void)status;
  Exchange* exchange = data;
  napi_value nothing;
  napi_get_undefined(env, &nothing);
  if (exchange->error == MPI_SUCCESS)
    napi_resolve_deferred(env, exchange->deferred, nothing);
  else
    napi_reject_deferred(env, exchange->deferred, errorOf(env, exchange->error));
  for (int i = 0; i < 2; i++) napi_delete_reference(env, exchange->arrays[i]);
  napi_delete_async_work(env, exchange->work);
  free(exchange);
}

// exchange(peer, sent, received): returns a promise that resolves once both Uint8Arrays are transferred.
static napi_value exchange(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value arguments[3], promise, name;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  Exchange* made = calloc(1, sizeof *made);
  napi_get_value_int32(env, arguments[0], &made->peer);
  for (int i = 0; i < 2; i++) {
    napi_get_typedarray_info(env, arguments[1 + i], NULL, &made->bytes[i], &made->data[i], NULL, NULL);
    napi_create_reference(env, arguments[1 + i], 1, &made->arrays[i]);
  }
  napi_create_promise(env, &made->deferred, &promise);
  napi_create_string_utf8(env, "pxv.exchange", NAPI_AUTO_LENGTH, &name);
  napi_create_async_work(env, NULL, name, execute, complete, made, &made->work);
  napi_queue_async_work(env, made->work);
  return promise;
}

// abandon(): cancels the exchange in flight, so that the process can end. No exchange can follow.
static napi_value abandon(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  abandoned = true;
  return NULL;
}

// finish(): finalizes MPI. Every rank must call it.
static napi_value finish(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  MPI_Comm_free(&ranks);
  MPI_Finalize();
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"start", NULL, start, NULL, NULL, NULL, napi_enumerable, NULL},
      {"exchange", NULL, exchange, NULL, NULL, NULL, napi_enumerable, NULL},
      {"abandon", NULL, abandon, NULL, NULL, NULL, napi_enumerable, NULL},
      {"finish", NULL, finish, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}
