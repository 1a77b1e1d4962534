// A growing byte buffer that always has readable room behind its end, so that a SIMD parser may read past it.
// Bytes are not initialized when it grows: it holds request bodies. Not thread-safe.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace plumbline {

class PaddedBuffer {
 public:
  static constexpr std::size_t kPadding = 64;  // SIMDJSON_PADDING, and a cache line

  PaddedBuffer() = default;
  ~PaddedBuffer() { std::free(data_); }
  PaddedBuffer(PaddedBuffer&& other) noexcept { swap(other); }
  PaddedBuffer& operator=(PaddedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  PaddedBuffer(const PaddedBuffer&) = delete;
  PaddedBuffer& operator=(const PaddedBuffer&) = delete;

  [[nodiscard]] char* data() { return data_; }
  [[nodiscard]] const char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }

  // Room for `bytes` and the padding. Keeps what is there; invalidates views when it grows.
  void reserve(std::size_t bytes) {
    if (data_ != nullptr && bytes <= capacity_) return;
    const std::size_t wanted = std::max<std::size_t>({bytes, capacity_ + capacity_ / 2, 1024});
    char* grown = static_cast<char*>(std::realloc(data_, wanted + kPadding));
    if (grown == nullptr) throw std::bad_alloc();
    data_ = grown;
    capacity_ = wanted;
    std::memset(data_ + capacity_, 0, kPadding);
  }
  // New bytes are uninitialized.
  void resize(std::size_t bytes) {
    reserve(bytes);
    size_ = bytes;
  }
  void append(std::string_view bytes) {
    reserve(size_ + bytes.size());
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void clear() { size_ = 0; }
  void swap(PaddedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace plumbline
