#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "report/chart.hpp"

namespace homespun::report {

struct Box {
    double left = 0, top = 0, width = 0, height = 0;
    [[nodiscard]] double right() const { return left + width; }
    [[nodiscard]] double bottom() const { return top + height; }
};

/// Values for CSS, with fall-backs for where no page defines the custom properties.
[[nodiscard]] std::string series_color(int number);  ///< from 1; goes round after 8
[[nodiscard]] std::string tone_color(Tone tone);
inline constexpr int heat_steps = 9;
[[nodiscard]] std::string heat_color(int step);  ///< 1..9
[[nodiscard]] std::string heat_ink(int step);    ///< for text on that
[[nodiscard]] std::string surface_color();       ///< the background

enum class Anchor : std::uint8_t { start, middle, end };

struct TextStyle {
    double size = 12;
    Anchor anchor = Anchor::start;
    bool bold = false;
    bool muted = false;
    bool halo = false;       ///< an edge in the background's colour, to stand on lines
    std::string color = {};  ///< empty: currentColor
};

/// Numbers in SVG: at most one digit after the point, within what drawing programs take.
[[nodiscard]] std::string coordinate(double value);

/// Appends SVG elements to a string. `style` is CSS that the caller vouches for; texts are escaped here.
class Canvas {
  public:
    explicit Canvas(double width) : width_(width) {}

    void line(double x1, double y1, double x2, double y2, std::string_view style);
    /// `tip` is told when the pointer rests on it; empty = none.
    void rect(const Box& box, std::string_view style, std::string_view tip = {}, double radius = 0);
    void circle(double x, double y, double radius, std::string_view style, std::string_view tip = {});
    void path(std::string_view data, std::string_view style);
    void text(double x, double y, std::string_view words, const TextStyle& style = {});
    /// What comes until `end_clip` shows only inside the box.
    void begin_clip(const Box& box);
    void end_clip() { out_ += "</svg>"; }

    [[nodiscard]] double width() const { return width_; }
    /// The whole <svg> element.
    [[nodiscard]] std::string finish(double height, std::string_view title,
                                     std::string_view description) const;

  private:
    void close(std::string_view element, std::string_view tip);

    double width_;
    std::string out_;
};

}  // namespace homespun::report
