// SPDX-License-Identifier: BSL-1.0
/// \file
/// The progress of a training run: one live line on a terminal, plain lines elsewhere.
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace ctgrad {

/// What a Progress is to show, and how.
struct ProgressOptions {
  std::size_t epochs = 1;
  std::size_t samples_per_epoch = 0;   ///< 0 if not known: no bar and no time left then.
  std::string unit = "images";         ///< What a sample is called in "images/s".
  double redraw_seconds = 0.1;         ///< On a terminal: least time between two redraws.
  double line_seconds = 0;             ///< Elsewhere: a line so often within an epoch; 0 for never.
  int columns = 0;                     ///< Width of the terminal; 0 to ask the terminal.
  std::function<double()> clock = {};  ///< Seconds from any beginning; empty for the steady clock.
};

/// Shows epoch, bar, loss, accuracy, samples per second and the time left:
///
///     Progress progress(stderr, {.epochs = 10, .samples_per_epoch = batcher.samples()});
///     for (...) {                                        // each epoch
///       progress.begin_epoch();
///       for (...) progress.step(batch.size(), loss, right);  // each batch
///       progress.end_epoch("test accuracy 97.3 %");
///     }
///
/// step() allocates nothing unless it draws.
class Progress {
public:
  /// Writes to a C stream; live if that is a terminal.
  Progress(std::FILE* file, ProgressOptions options)
      : Progress(std::move(options), ::isatty(::fileno(file)) == 1, columns_of(::fileno(file)),
                 [file](std::string_view text) {
                   std::fwrite(text.data(), 1, text.size(), file);
                   std::fflush(file);
                 }) {}

  /// Writes to a C++ stream, which cannot tell whether it is a terminal.
  Progress(std::ostream& stream, ProgressOptions options, bool is_terminal = false)
      : Progress(std::move(options), is_terminal, 80, [&stream](std::string_view text) {
          stream.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
        }) {}

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Ends a live line that was left in the middle, as an exception does.
  ~Progress() {
    if (!line_open_) return;
    try {
      write_("\n");
    } catch (...) {  // the exception under way matters more than this line
    }
  }

  /// Begins the next epoch; the first is number 1.
  void begin_epoch() {
    ++epoch_;
    samples_ = 0;
    loss_sum_ = 0;
    correct_ = 0;
    has_accuracy_ = false;
    epoch_start_ = last_output_ = options_.clock();
  }

  /// One batch is done: its number of samples and its mean loss.
  void step(std::size_t samples, double mean_loss) {
    samples_ += samples;
    loss_sum_ += mean_loss * static_cast<double>(samples);
    const double now = options_.clock();
    if (!live_ && options_.line_seconds <= 0) return;
    if (now - last_output_ < (live_ ? options_.redraw_seconds : options_.line_seconds)) return;
    last_output_ = now;
    show(line(now, ""), live_);
  }

  /// The same, with the number of samples whose class was found.
  void step(std::size_t samples, double mean_loss, std::size_t correct) {
    has_accuracy_ = true;
    correct_ += correct;
    step(samples, mean_loss);
  }

  /// The epoch is done: its line stays, with the note at its end.
  void end_epoch(std::string_view note = "") {
    const double now = options_.clock();
    show(line(now, note), false);
    finished_seconds_ += now - epoch_start_;
    finished_samples_ += samples_;
  }

  /// Mean loss and accuracy (0 to 1) of the samples of this epoch so far; NaN before the first.
  double loss() const { return loss_sum_ / static_cast<double>(samples_); }
  double accuracy() const { return static_cast<double>(correct_) / static_cast<double>(samples_); }

private:
  using Write = std::function<void(std::string_view)>;

  Progress(ProgressOptions options, bool live, int columns, Write write)
      : options_(std::move(options)), live_(live), write_(std::move(write)) {
    if (options_.columns <= 0) options_.columns = columns;
    if (!options_.clock)
      options_.clock = [] {
        const auto now = std::chrono::steady_clock::now().time_since_epoch();
        return std::chrono::duration<double>(now).count();
      };
  }

  static int columns_of(int descriptor) {
    ::winsize size{};
    return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  template <class... Values>
  static std::string format(const char* pattern, Values... values) {
    char text[128];
    std::snprintf(text, sizeof text, pattern, values...);
    return text;
  }

  /// "4.2 s", "3:07" (minutes) or "2:03:07" (hours).
  static std::string duration(double seconds) {
    if (seconds < 9.95) return format("%.1f s", std::max(seconds, 0.0));
    if (!(seconds < 1e8)) return "?";
    const long whole = std::lround(seconds);
    if (whole < 60) return format("%ld s", whole);
    if (whole < 3600) return format("%ld:%02ld", whole / 60, whole % 60);
    return format("%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  }

  /// The whole line without its end. In a live line the bar takes what room there is.
  std::string line(double now, std::string_view note) const {
    const int digits = static_cast<int>(std::to_string(options_.epochs).size());
    std::string head = format("epoch %*zu/%zu", digits, epoch_, options_.epochs);
    std::string tail = samples_ == 0 ? "" : format("  loss %.4f", loss());
    if (has_accuracy_) tail += format("  accuracy %.2f %%", 100 * accuracy());
    const double seconds = now - epoch_start_;
    if (seconds > 0) tail += format("  %.0f ", static_cast<double>(samples_) / seconds) + options_.unit + "/s";
    tail += time_text(now);
    if (!note.empty()) tail += "  " + std::string(note);
    if (!live_) return head + tail;

    const int room = options_.columns - 1;  // a full last column would wrap
    const int bar = std::min(30, room - static_cast<int>(head.size() + tail.size()) - 3);
    std::string text = head;
    if (options_.samples_per_epoch > 0 && bar >= 5) text += " " + bar_text(bar);
    text += tail;
    if (static_cast<int>(text.size()) > room) text.resize(static_cast<std::size_t>(std::max(room, 0)));
    return text;
  }

  double fraction_done() const {
    const double all = static_cast<double>(options_.samples_per_epoch);
    return std::min(1.0, static_cast<double>(samples_) / all);
  }

  std::string bar_text(int width) const {
    const int full = static_cast<int>(fraction_done() * width);
    std::string bar(static_cast<std::size_t>(full), '=');
    if (full < width) bar += '>';
    bar.resize(static_cast<std::size_t>(width), ' ');
    return "[" + bar + "]";
  }

  /// The time left, or after the last sample the time taken.
  std::string time_text(double now) const {
    const double seconds = finished_seconds_ + now - epoch_start_;
    const std::size_t samples = finished_samples_ + samples_;
    const std::size_t all = options_.samples_per_epoch * options_.epochs;
    if (all == 0 || samples == 0 || seconds <= 0) return "";
    if (samples >= all) return "  took " + duration(seconds);
    const double left = static_cast<double>(all - samples) * seconds / static_cast<double>(samples);
    return "  " + duration(left) + " left";
  }

  /// Writes a line; a live one is drawn over the one before it and may be drawn over later.
  void show(const std::string& text, bool may_change) {
    // \x1b[K clears what a longer line before has left.
    write_((live_ ? "\r" : "") + text + (live_ ? "\x1b[K" : "") + (may_change ? "" : "\n"));
    line_open_ = may_change;
  }

  ProgressOptions options_;
  bool live_;
  Write write_;
  bool line_open_ = false;  // the cursor stands at the end of a live line

  std::size_t epoch_ = 0;
  std::size_t samples_ = 0;
  std::size_t correct_ = 0;
  double loss_sum_ = 0;
  bool has_accuracy_ = false;
  double epoch_start_ = 0;
  double last_output_ = 0;

  std::size_t finished_samples_ = 0;
  double finished_seconds_ = 0;
};

}  // namespace ctgrad
