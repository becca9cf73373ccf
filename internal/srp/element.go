package srp

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
)

// The arithmetic modulo N is our own because nothing else that is at hand is both constant-time and fast at 3072
// bits: math/big is variable-time, and filippo.io/bigmod, which has assembly for 1024, 1536 and 2048 bits only, takes a
// multiple of its time. A fixed width of 48 limbs, taken two at a time, and a squaring of its own make a power in plain
// Go about as fast as one of math/big (BenchmarkArithmetic); the table for the generator and a secret of 256 bits make
// a client's half a good deal faster (BenchmarkHandshake, docs/benchmarks.md). bigmod and math/big are the oracles of
// the tests.
//
// No function here branches on, or indexes by, the value of an element or of an exponent. The lengths are public.

const (
	limbs = 3072 / 64
	size  = limbs * 8 // bytes
)

// element is a number below N, the least significant limb first. In Montgomery form, which every product needs,
// it stands for its value times R = 2^3072.
type element [limbs]uint64

// The loops below are marked norace: they touch only what their caller owns, and the race detector would make
// them many times slower.

// addMul adds x·(y0 + y1·2^64) to z, which has the same even length as x, and returns the two limbs that are carried
// out. c0 and c1 are what is carried in. Two limbs of y at a time halve the loads and stores of z.
//
//go:norace
func addMul(z, x []uint64, y0, y1, c0, c1 uint64) (uint64, uint64) {
	x = x[:len(z)]
	for i := 0; i < len(z)-1; i += 2 {
		z[i], c0, c1 = addProducts(z[i], x[i], y0, y1, c0, c1)
		z[i+1], c0, c1 = addProducts(z[i+1], x[i+1], y0, y1, c0, c1)
	}
	return c0, c1
}

// addProducts is z + x·(y0 + y1·2^64) + c0 + c1·2^64, which is below 2^192, in three limbs. Both carries of each
// limb run through in one chain, which the compiler keeps in the carry flag.
func addProducts(z, x, y0, y1, c0, c1 uint64) (s0, s1, s2 uint64) {
	h0, l0 := bits.Mul64(x, y0)
	h1, l1 := bits.Mul64(x, y1)
	s0, c := bits.Add64(z, c0, 0)
	s1, c = bits.Add64(c1, h0, c)
	s2, _ = bits.Add64(h1, 0, c)
	s0, c = bits.Add64(s0, l0, 0)
	s1, c = bits.Add64(s1, l1, c)
	s2, _ = bits.Add64(s2, 0, c)
	return s0, s1, s2
}

// mul sets z to x·y/R mod N, the product in Montgomery form. One of x and y may be N or more.
//
//go:norace
func (z *element) mul(x, y *element) {
	var t [2 * limbs]uint64
	for i := 0; i < limbs; i += 2 {
		t[i+limbs], t[i+limbs+1] = addMul(t[i:i+limbs], x[:], y[i], y[i+1], 0, 0) //nolint:gosec // i is even and below limbs
	}
	z.reduce(&t)
}

// square sets z to x·x/R mod N. It computes each product of two different limbs once.
//
//go:norace
func (z *element) square(x *element) {
	var t [2 * limbs]uint64
	for i := 0; i < limbs; i += 2 {
		h, l := bits.Mul64(x[i], x[i+1])
		sum, c := bits.Add64(t[2*i+1], l, 0)
		t[2*i+1] = sum
		t[i+limbs], t[i+limbs+1] = addMul(t[2*i+2:i+limbs], x[i+2:], x[i], x[i+1], h+c, 0) //nolint:gosec // as in mul
	}
	var top, c uint64 // the bit that doubling moves up, and the carry of adding the squares
	for i := range limbs {
		h, l := bits.Mul64(x[i], x[i])
		lo, hi := t[2*i], t[2*i+1]
		t[2*i], c = bits.Add64(lo<<1|top, l, c)
		t[2*i+1], c = bits.Add64(hi<<1|lo>>63, h, c)
		top = hi >> 63
	}
	z.reduce(&t)
}

// reduce sets z to t/R mod N, for t below N·R. The lowest limb of N is -1 modulo 2^64, so the multiple of N that
// clears a limb of t is that limb itself: first t[i], then what t[i+1] is once t[i]·N is added.
//
//go:norace
func (z *element) reduce(t *[2 * limbs]uint64) {
	var c uint64
	for i := 0; i < limbs; i += 2 {
		m0 := t[i]
		m1 := t[i+1] + m0 + m0*groupN[1]
		c0, c1 := addMul(t[i:i+limbs], groupN[:], m0, m1, 0, 0)
		t[i+limbs], c = bits.Add64(t[i+limbs], c0, c)
		t[i+limbs+1], c = bits.Add64(t[i+limbs+1], c1, c)
	}
	z.subtractN((*element)(t[limbs:]), c)
}

// subtractN sets z to x, or to x-N if x with the carry before it is N or more.
//
//go:norace
func (z *element) subtractN(x *element, carry uint64) {
	var less element
	var borrow uint64
	for i := range less {
		less[i], borrow = bits.Sub64(x[i], groupN[i], borrow)
	}
	_, borrow = bits.Sub64(carry, 0, borrow)
	keep := -borrow // all ones if x is below N
	for i := range z {
		z[i] = x[i]&keep | less[i]&^keep
	}
}

// add sets z to x+y mod N.
func (z *element) add(x, y *element) {
	var sum element
	var c uint64
	for i := range sum {
		sum[i], c = bits.Add64(x[i], y[i], c)
	}
	z.subtractN(&sum, c)
}

// sub sets z to x-y mod N.
func (z *element) sub(x, y *element) {
	var borrow uint64
	for i := range z {
		z[i], borrow = bits.Sub64(x[i], y[i], borrow)
	}
	var c uint64
	for i := range z {
		z[i], c = bits.Add64(z[i], groupN[i]&-borrow, c)
	}
}

// choose sets z to table[index], reading every entry.
//
//go:norace
func (z *element) choose(table *[16]element, index uint64) {
	clear(z[:])
	for i := range table {
		mask := -uint64(subtle.ConstantTimeEq(int32(i), int32(index))) //nolint:gosec // both are below 16
		for j := range z {
			z[j] |= table[i][j] & mask
		}
	}
}

// exp sets z to x to the power of the big-endian number e, x and z in Montgomery form. The time depends on the
// length of e only.
func (z *element) exp(x *element, e []byte) {
	var table [16]element
	table[0] = group().one
	for i := 1; i < len(table); i++ {
		table[i].mul(&table[i-1], x)
	}
	result := table[0]
	var factor element
	for _, b := range e {
		for _, digit := range [2]byte{b >> 4, b & 15} {
			for range 4 {
				result.square(&result)
			}
			factor.choose(&table, uint64(digit))
			result.mul(&result, &factor)
		}
	}
	*z = result
	clear(table[:])
}

// toMontgomery sets z to the Montgomery form of x; x need not be below N.
func (z *element) toMontgomery(x *element) { z.mul(x, &group().rr) }

// fromMontgomery sets z to the number that x, in Montgomery form, stands for.
func (z *element) fromMontgomery(x *element) {
	var t [2 * limbs]uint64
	copy(t[:], x[:])
	z.reduce(&t)
}

// isZero reports whether x is 0. Its result is public: it ends the attempt.
func (z *element) isZero() bool {
	var or uint64
	for _, limb := range z {
		or |= limb
	}
	return or == 0
}

// setBytes sets z to the big-endian number b modulo N; b is public and at most twice as long as N.
func (z *element) setBytes(b []byte) {
	var wide [2 * size]byte
	copy(wide[len(wide)-len(b):], b)
	var high, low element
	for i := range limbs {
		low[i] = binary.BigEndian.Uint64(wide[2*size-8*(i+1):])
		high[i] = binary.BigEndian.Uint64(wide[size-8*(i+1):])
	}
	low.subtractN(&low, 0)
	high.toMontgomery(&high) // times R: just what the upper half is worth
	z.add(&low, &high)
}

// bytes is the number as size big-endian bytes.
func (z *element) bytes() []byte {
	b := make([]byte, size)
	for i, limb := range z {
		binary.BigEndian.PutUint64(b[size-8*(i+1):], limb)
	}
	return b
}
