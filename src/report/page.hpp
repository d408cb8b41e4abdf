#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/chart.hpp"
#include "report/tone.hpp"

namespace homespun::report {

/// A key figure: "p99 under load", "48 ms", "limit 500 ms".
struct Tile {
    std::string label = {}, value = {}, note = {};
    Tone tone = Tone::neutral;
};

enum class Align : std::uint8_t { left, right, center };

struct Column {
    std::string header = {};
    Align align = Align::left;  ///< numbers: right
};

struct Cell {
    Cell(std::string words, Tone how = Tone::neutral) : text(std::move(words)), tone(how) {}
    Cell(const char* words, Tone how = Tone::neutral) : text(words), tone(how) {}

    std::string text;
    Tone tone;
};

struct Table {
    std::vector<Column> columns = {};
    std::vector<std::vector<Cell>> rows = {};  ///< short rows are filled up, long ones cut
    std::string caption = {};
};

using Definitions = std::vector<std::pair<std::string, std::string>>;

/// One self-contained HTML file: no script, nothing from the network; light, dark and print, phones too. The
/// parts stand in the order of the calls; every text is escaped. Not thread-safe.
class Page {
  public:
    explicit Page(std::string title) : title_(std::move(title)) {}

    /// A line beside the title: when, where, which version.
    Page& subtitle(std::string text);
    /// The first thing on the page. The last call counts.
    Page& verdict(Tone tone, std::string sentence);
    /// Key figures beside the verdict, in the order of the calls; best no more than six.
    Page& tile(Tile tile);

    /// Begins a section that the table of contents lists; closes what is open.
    Page& section(std::string_view heading);
    Page& subheading(std::string_view heading);
    Page& paragraph(std::string_view text);
    /// A paragraph that stands out, with a sign for its tone.
    Page& note(Tone tone, std::string_view text);
    Page& list(const std::vector<std::string>& items);
    Page& table(const Table& table);
    Page& definitions(const Definitions& entries);
    Page& code(std::string_view text);

    Page& figure(const LineChart& chart, std::string_view caption = {}) { return figure_of(chart, caption); }
    Page& figure(const BarChart& chart, std::string_view caption = {}) { return figure_of(chart, caption); }
    Page& figure(const HeatMap& chart, std::string_view caption = {}) { return figure_of(chart, caption); }
    Page& figure(const Grid& chart, std::string_view caption = {}) { return figure_of(chart, caption); }
    /// SVG as it is, not escaped; nothing for a `narrow` drawing means that phones get the wide one too.
    Page& figure_svg(std::string_view wide, std::string_view narrow, std::string_view caption);

    /// What comes until end_fold stands behind a line to click on; printed open. Folds do not nest: a second
    /// one closes the first.
    Page& begin_fold(std::string_view summary);
    Page& end_fold();
    /// Figures until end_row stand side by side where there is room.
    Page& begin_row();
    Page& end_row();

    /// The whole file. What is still open is closed.
    [[nodiscard]] std::string html() const;

  private:
    struct Heading {
        std::string text, id;
    };
    template <class Chart>
    Page& figure_of(const Chart& chart, std::string_view caption) {
        return figure_svg(svg(chart, row_open_ ? Layout::half : Layout::wide), svg(chart, Layout::narrow),
                          caption);
    }
    void close_open();
    [[nodiscard]] std::string head_markup() const;

    std::string title_, subtitle_, sentence_;
    Tone tone_ = Tone::neutral;
    std::vector<Tile> tiles_;
    std::vector<Heading> headings_;
    std::string body_;
    bool fold_open_ = false, row_open_ = false, section_open_ = false;
};

}  // namespace homespun::report
