package dev.preamble.server;

import dev.preamble.server.adapters.AdapterUpload;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpServerFileUpload;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.ReadStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the body of an upload to files as it comes, whether it is a tar or a form of files: no
 * more of it than the limit, and no longer than some time without any.
 */
final class UploadReader {
  private final Exchange exchange;
  private final HttpServerRequest request;
  private final AdapterUpload upload;
  private final long limit;
  private final Duration patience;
  private final Promise<Void> done = Promise.promise();
  private final List<Future<Void>> files = new ArrayList<>();
  private long read;
  private long readBefore = -1;

  private UploadReader(Exchange exchange, AdapterUpload upload, long limit, Duration patience) {
    this.exchange = exchange;
    this.request = exchange.request();
    this.upload = upload;
    this.limit = limit;
    this.patience = patience;
  }

  /**
   * Reads the body, which was paused, into {@code upload}.
   *
   * @param limit bytes that are taken
   * @param patience time that may pass without a byte
   */
  static Future<Void> read(
      Exchange exchange, AdapterUpload upload, long limit, Duration patience, boolean form) {
    UploadReader reader = new UploadReader(exchange, upload, limit, patience);
    Vertx vertx = exchange.vertx();
    long timer = vertx.setPeriodic(reader.patience.toMillis(), turn -> reader.watch());
    reader.request.exceptionHandler(fault -> reader.breakOff());
    exchange.reply().onGone(reader::breakOff);
    if (form) {
      reader.readForm();
    } else {
      reader.readTar();
    }
    return reader.done.future().onComplete(over -> vertx.cancelTimer(timer));
  }

  private void breakOff() {
    done.tryFail(ApiError.badBody("the body broke off"));
  }

  private void watch() {
    if (read == readBefore) {
      done.tryFail(ApiError.slowBody(patience));
    }
    readBefore = read;
  }

  private void readTar() {
    Future<Void> written = write(request, upload.tar());
    written.onComplete(done::tryComplete, done::tryFail);
  }

  private void readForm() {
    request.uploadHandler(this::take);
    request.endHandler(
        end -> Future.join(files).onSuccess(all -> done.tryComplete()).onFailure(done::tryFail));
    request.resume();
  }

  private void take(HttpServerFileUpload part) {
    try {
      upload
          .file(part.filename())
          .ifPresentOrElse(
              path -> files.add(write(part, path)), () -> part.handler(this::readPast));
    } catch (RuntimeException refused) {
      part.handler(this::readPast);
      done.tryFail(refused);
    }
  }

  private void readPast(Buffer bytes) {
    count(bytes);
  }

  /** Writes all that {@code source} gives to {@code target}. */
  private Future<Void> write(ReadStream<Buffer> source, Path target) {
    Promise<Void> ended = Promise.promise();
    source.pause();
    exchange
        .vertx()
        .fileSystem()
        .open(target.toString(), new OpenOptions().setRead(false))
        .onFailure(ended::tryFail)
        .onSuccess(file -> write(source, file, ended));
    return ended.future();
  }

  private void write(ReadStream<Buffer> source, AsyncFile file, Promise<Void> ended) {
    source.handler(
        bytes -> {
          if (done.future().isComplete() || !count(bytes)) {
            return;
          }
          file.write(bytes).onFailure(ended::tryFail);
          if (file.writeQueueFull()) {
            source.pause();
            file.drainHandler(drained -> source.resume());
          }
        });
    source.endHandler(
        end -> {
          if (!done.future().isComplete()) {
            file.close().onComplete(ended);
          }
        });
    done.future().onFailure(given -> file.close());
    source.resume();
  }

  private boolean count(Buffer bytes) {
    read += bytes.length();
    if (read > limit) {
      done.tryFail(ApiError.tooLarge(limit));
    }
    return read <= limit;
  }
}
