// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/program_run.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "realmode/probes/spawn.hpp"

namespace lvslab::realmode {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;
using boost::system::error_code;

/// Takes the exit status of a child that has ended: it is no zombie any more.
int reap(pid_t pid) {
    siginfo_t info{};
    // Without an answer somebody else took it, or SIGCHLD is ignored: nobody knows how it went.
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) {
        return not_started;
    }
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/// One turn of the loop reads no more than this, or a program that writes without end would stop
/// everything else.
constexpr int reads_a_turn = 16;

}  // namespace

class ProgramRun::Running : public std::enable_shared_from_this<Running> {
public:
    Running(EventLoop& loop, std::function<void(ProgramEnd)> ended)
        : pidfd_(loop), pipe_(loop), deadline_(loop), ended_(std::move(ended)) {}

    void start(EventLoop& loop, const Program& program) {
        group_ends_with_it_ = program.group_ends_with_it;
        const auto child = spawn(program);
        if (child.error != 0) {
            const auto name = program.arguments.empty() ? "" : program.arguments.front();
            ProgramEnd end;
            end.result.exit_status = not_started;
            end.trouble = fmt::format("cannot run \"{}\": {}", name,
                                      std::generic_category().message(child.error));
            boost::asio::post(loop, [self = shared_from_this(), end] { self->tell(end); });
            return;
        }
        pid_ = child.pid;
        pidfd_.assign(child.pidfd);
        pipe_.assign(child.output);
        await_end();
        await_output();
        if (program.limit) {
            await_deadline(*program.limit);
        }
    }

    /// The starter is gone.
    void abandon() {
        ended_ = nullptr;
        if (group_ends_with_it_) {
            end_group();
        }
        deadline_.cancel();
        close_output();
    }

private:
    void await_end() {
        pidfd_.async_wait(Descriptor::wait_read, [self = shared_from_this()](error_code error) {
            if (!error) {
                self->has_ended();
            }
        });
    }
    void await_output() {
        pipe_.async_wait(Descriptor::wait_read, [self = shared_from_this()](error_code error) {
            if (!error && self->read_output()) {
                self->await_output();
            }
        });
    }
    void await_deadline(Duration limit) {
        deadline_.expires_after(limit);
        deadline_.async_wait([self = shared_from_this()](error_code error) {
            if (!error) {
                self->out_of_time();
            }
        });
    }

    /// False if no more will come.
    bool read_output() {
        std::array<char, 4096> piece{};
        for (int i = 0; i < reads_a_turn; ++i) {
            const auto size = pipe_.is_open()
                                  ? read(pipe_.native_handle(), piece.data(), piece.size())
                                  : ssize_t{0};
            if (size < 0) {
                return errno == EAGAIN || errno == EINTR;
            }
            if (size == 0) {
                close_output();
                return false;
            }
            const auto room = longest_program_output - output_.size();
            output_.append(piece.data(), std::min(static_cast<std::size_t>(size), room));
        }
        return true;
    }

    /// The zombie keeps its number, so its group is still its own: the signal goes before the wait.
    void end_group() {
        if (pid_ > 0) {
            kill(-pid_, SIGKILL);
        }
    }

    void has_ended() {
        deadline_.cancel();
        if (group_ends_with_it_) {
            end_group();
        }
        ProgramEnd end;
        end.result.exit_status = reap(std::exchange(pid_, -1));
        read_output();  // at most what a pipe holds
        close_output();
        pidfd_.close();
        end.result.output = std::move(output_);
        tell(std::move(end));
    }

    /// Its end is still awaited, to take its exit status; nobody hears of it.
    void out_of_time() {
        end_group();
        close_output();
        ProgramEnd end;
        end.result.timed_out = true;
        end.result.output = std::move(output_);
        tell(std::move(end));
    }

    void close_output() {
        error_code ignored;
        pipe_.close(ignored);
    }

    void tell(ProgramEnd end) {
        if (const auto ended = std::exchange(ended_, nullptr)) {
            ended(std::move(end));
        }
    }

    Descriptor pidfd_, pipe_;
    boost::asio::steady_timer deadline_;
    std::function<void(ProgramEnd)> ended_;
    pid_t pid_ = -1;
    bool group_ends_with_it_ = true;
    std::string output_;
};

ProgramRun::ProgramRun(EventLoop& loop, const Program& program,
                       std::function<void(ProgramEnd)> ended)
    : running_(std::make_shared<Running>(loop, std::move(ended))) {
    running_->start(loop, program);
}

ProgramRun::~ProgramRun() {
    running_->abandon();
}

}  // namespace lvslab::realmode
