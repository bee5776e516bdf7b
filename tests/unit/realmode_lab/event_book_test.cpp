// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/event_book.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lvslab::lab {
namespace {

using std::chrono::seconds;

struct Notes : journal::Sink {
    void take(const journal::Event& event) override {
        text += std::get<journal::RouterNote>(event.payload).text;
    }
    std::string text;
};

journal::Event note(int second, const char* text) {
    return {Time{seconds(second)}, journal::RouterNote{0, text}};
}

TEST(EventBook, HandsOnByTimeThenBySourceThenAsTold) {
    EventBook book;
    book.take(2, note(1, "d"));
    book.take(2, note(1, "e"));
    book.take(1, note(1, "b"));
    book.take(1, note(1, "c"));
    book.take(2, note(0, "a"));
    Notes notes;
    book.hand_on(Time{seconds(9)}, notes);
    EXPECT_EQ(notes.text, "abcde");
}

TEST(EventBook, LeavesOutWhatIsBeforeTheRunOrAfterIt) {
    EventBook book;
    book.take(1, note(-1, "before"));
    book.take(1, note(0, "a"));
    book.take(1, note(9, "z"));
    book.take(1, note(10, "after"));
    Notes notes;
    book.hand_on(Time{seconds(9)}, notes);
    EXPECT_EQ(notes.text, "az");
}

TEST(EventBook, ListenersHearAtOnceAndMayTellOfMore) {
    EventBook book;
    struct Echo : journal::Sink {
        explicit Echo(EventBook& b) : book(b) {}
        void take(const journal::Event& event) override {
            heard += std::get<journal::RouterNote>(event.payload).text;
            if (heard.size() < 300) {
                book.take(1, note(2, "x"));
            }
        }
        EventBook& book;
        std::string heard;
    } echo(book);
    book.also_to(&echo);
    book.take(1, note(1, "a"));
    EXPECT_EQ(echo.heard.size(), 300U);
    EXPECT_EQ(echo.heard.front(), 'a');
}

}  // namespace
}  // namespace lvslab::lab
