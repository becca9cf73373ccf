package srp

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"sync"

	"filippo.io/bigmod"
)

// This file contains all arithmetic of the package. Three exponents are secret: a (or b), x, and a
// + u·x. No branch and no index depends on them or on a number computed from them. Lengths are
// public.
//
//   - filippo.io/bigmod computes products, sums, differences and powers modulo N. Its functions are
//     constant time, except those whose names end in VarTime. SetOverflowingBytes and BitLenVarTime
//     leak the length of a number. This package uses none of these.
//   - powerOfG reads its table with crypto/subtle: it reads every entry of a row, and
//     ConstantTimeCopy keeps one.
//   - a + u·x is computed modulo a larger number. The length of that number depends on lengths
//     only.
//
// The output of go build -gcflags=-S was checked for amd64 and arm64: powerOfG, exp, sub and mulAdd
// for conditional jumps and calls, and multiplyByEntry also for addresses that depend on the digit.
// The only conditional jumps are those for loop counters, the stack check and the write barrier.
// ConstantTimeEq compiles to CMP with SETEQ or CSET, and ConstantTimeCopy to AND and OR of every
// byte. The code of bigmod and the rest of the standard library was not checked again. The tests
// fail if a function in this file gains a branch, or an index that is not a loop counter.
// TestTiming measures the timing.

// primeHex is N, the 3072-bit prime of RFC 3526. The generator is g = 2.
const primeHex = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
	"020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
	"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05" +
	"98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb" +
	"9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718" +
	"3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33" +
	"a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
	"abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864" +
	"d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2" +
	"08e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"

const (
	size       = 3072 / 8 // bytes of a number modulo N
	secretSize = 32       // bytes of a and b; RFC 5054 asks for at least 256 bits
	chunkSize  = 256      // bytes that residue processes at a time, shorter than N
)

// constants are derived from N and g. They never change.
type constants struct {
	n     *bigmod.Modulus
	k     *bigmod.Nat // the multiplier H(pad(N) | pad(g))
	chunk *bigmod.Nat // 2^(8·chunkSize)
}

// group computes the constants on first use.
var group = sync.OnceValue(buildConstants)

func buildConstants() *constants {
	prime, err := hex.DecodeString(primeHex)
	if err != nil {
		panic("srp: the prime is misspelt")
	}
	n := newModulus(prime)
	k := sha256.Sum256(append(pad(prime), 2))
	return &constants{n: n, k: toNat(k[:], n), chunk: toNat(append([]byte{1}, make([]byte, chunkSize)...), n)}
}

// newModulus returns the big-endian number b as a modulus. b is public.
func newModulus(b []byte) *bigmod.Modulus {
	m, err := bigmod.NewModulus(b)
	if err != nil {
		panic("srp: " + err.Error()) // no caller passes such a number
	}
	return m
}

// toNat returns the big-endian number b, which must be less than n.
func toNat(b []byte, n *bigmod.Modulus) *bigmod.Nat {
	x, err := bigmod.NewNat().SetBytes(b, n)
	if err != nil {
		panic("srp: " + err.Error()) // no caller passes such a number
	}
	return x
}

// residue returns the big-endian number b, of any length, modulo N.
func residue(b []byte) *bigmod.Nat {
	n := group().n
	r := toNat(nil, n)
	for len(b) > 0 {
		first := (len(b)-1)%chunkSize + 1
		r.Mul(group().chunk, n).Add(toNat(b[:first], n), n)
		b = b[first:]
	}
	return r
}

// sub returns x - y modulo N. It does not change x or y.
func sub(x, y *bigmod.Nat) *bigmod.Nat {
	n := group().n
	return toNat(nil, n).Add(x, n).Sub(y, n)
}

// exp returns x to the power of the big-endian number e modulo N. Its time depends only on the
// length of e.
func exp(x *bigmod.Nat, e []byte) *bigmod.Nat { return bigmod.NewNat().Exp(x, e, group().n) }

// mulAdd returns a + u·x as big-endian bytes. Their number depends only on the lengths of a, u and
// x.
func mulAdd(a, u, x []byte) []byte {
	m := newModulus(bytes.Repeat([]byte{0xff}, max(len(a), len(u)+len(x))+1))
	return toNat(u, m).Mul(toNat(x, m), m).Add(toNat(a, m), m).Bytes(m)
}

// row holds a power of g raised to the exponents 0 to 15, as big-endian bytes.
type row [16][size]byte

// generatorTable holds g^(d·256^i) in row i, for each d below 16. It takes 192 KiB.
var generatorTable = sync.OnceValue(buildTable)

func buildTable() *[secretSize]row {
	table := &[secretSize]row{}
	n := group().n
	base := toNat([]byte{2}, n)
	for i := range table {
		power := toNat([]byte{1}, n)
		for d := range table[i] {
			copy(table[i][d][:], power.Bytes(n))
			power.Mul(base, n)
		}
		base = exp(power, []byte{16})
	}
	return table
}

// powerOfG returns g to the power of the big-endian number e modulo N. The high halves of the bytes
// of e give h = Π g^(high·256^i), and the low halves give l in the same way. The result is h^16·l.
func powerOfG(e *[secretSize]byte) *bigmod.Nat {
	n, table := group().n, generatorTable()
	result := toNat([]byte{1}, n)
	for i := range table {
		multiplyByEntry(result, &table[i], e[secretSize-1-i]>>4)
	}
	for range 4 {
		result.Mul(result, n)
	}
	for i := range table {
		multiplyByEntry(result, &table[i], e[secretSize-1-i]&15)
	}
	return result
}

// multiplyByEntry multiplies z by the entry digit of r. It reads every entry.
func multiplyByEntry(z *bigmod.Nat, r *row, digit byte) {
	var entry [size]byte
	for i := range r {
		subtle.ConstantTimeCopy(subtle.ConstantTimeEq(int32(i), int32(digit)), entry[:], r[i][:])
	}
	z.Mul(toNat(entry[:], group().n), group().n)
	clear(entry[:])
}
