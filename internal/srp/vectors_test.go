package srp

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// knownAnswers is the number of vectors in the file, so that none is skipped.
const knownAnswers = 46

// knownAnswer is one vector of testdata/known_answers.json. Not every value there is text.
type knownAnswer struct {
	ID, Kind                  string
	Inputs, Expected, Derived map[string]any
}

// input is an input's text; the vector must have it.
func (v *knownAnswer) input(t *testing.T, name string) string {
	t.Helper()
	text, ok := v.Inputs[name].(string)
	require.True(t, ok, "no input %s", name)
	return text
}

// number is an input that is written as name_hex or name_dec.
func (v *knownAnswer) number(t *testing.T, name string) []byte {
	t.Helper()
	if text, ok := v.Inputs[name+"_hex"].(string); ok {
		return unhex(t, text)
	}
	n, ok := new(big.Int).SetString(v.input(t, name+"_dec"), 10)
	require.True(t, ok)
	return n.Bytes()
}

// identity reads the names, which some vectors give joined.
func (v *knownAnswer) identity(t *testing.T) Identity {
	t.Helper()
	if _, ok := v.Inputs["device_key"]; ok {
		return Identity{v.input(t, "device_group_key"), v.input(t, "device_key")}
	}
	if joined, ok := v.Inputs["pool_name_plus_user"].(string); ok {
		return Identity{joined, ""}
	}
	if name, ok := v.Inputs["username"].(string); ok && v.Kind == "server.verifier" {
		return Identity{v.input(t, "pool_name"), name}
	}
	return Identity{v.input(t, "pool_name"), v.input(t, "user_id_for_srp")}
}

func (v *knownAnswer) password(t *testing.T) string {
	t.Helper()
	if password, ok := v.Inputs["device_password"].(string); ok {
		return password
	}
	return v.input(t, "password")
}

// requireAnswers compares computed values (keys, numbers in hex, base64 for signatures) with every
// answer of the vector, asserted or derived. It requires at least one answer.
func (v *knownAnswer) requireAnswers(t *testing.T, got map[string][]byte) {
	t.Helper()
	compared := 0
	for _, answers := range []map[string]any{v.Expected, v.Derived} {
		for field, value := range answers {
			name, encoding := field, ""
			if before, after, ok := strings.Cut(field, "_"); ok {
				name, encoding = before, after
			}
			if name == "secret" || name == "timestamp" {
				continue // inputs that android-full-chain lists beside the signature it gives for them
			}
			want, ok := value.(string)
			require.True(t, ok, field)
			require.Contains(t, got, name, "nothing computed for %s", field)
			switch encoding {
			case "hex":
				assert.Equal(t, strings.ToLower(want), hexLike(want, got[name]), field)
			case "dec":
				assert.Equal(t, want, new(big.Int).SetBytes(got[name]).String(), field)
			case "base64", "base64_with_raw_key":
				assert.Equal(t, want, base64.StdEncoding.EncodeToString(got[name]), field)
			default:
				t.Fatalf("unknown encoding of %s", field)
			}
			compared++
		}
	}
	require.NotZero(t, compared, "a vector without an answer")
}

// hexLike is b in hex, in full where the wanted text is as long, else without leading zeros.
func hexLike(want string, b []byte) string {
	if full := hex.EncodeToString(b); len(full) == len(want) {
		return full
	}
	return toHex(b)
}

// runners maps each kind of vector to what proves it.
var runners = map[string]func(t *testing.T, v *knownAnswer){
	"srp.k":                        runMultiplier,
	"srp.u":                        runScrambler,
	"srp.A":                        runPublicKey,
	"srp.S":                        runChain,
	"srp.full":                     runChain,
	"srp.key":                      runChain,
	"device.signature":             runChain,
	"srp.reject":                   runReject,
	"srp.signature":                runSignature,
	"secret_hash":                  runSecretHash,
	"device.inner_hash":            runInnerHash,
	"user.inner_hash":              runInnerHash,
	"hkdf":                         runHKDF,
	"padhex":                       runPad,
	"device.verifier":              runDeviceVerifier,
	"server.verifier":              runUserVerifier,
	"server.B":                     runServerPublicKey,
	"timestamp":                    runTimestamp,
	"timestamp.reject":             runTimestampReject,
	"fixture.challenge_parameters": runFixture,
}

func TestKnownAnswers(t *testing.T) {
	t.Parallel()
	var file struct{ Vectors []json.RawMessage }
	readJSON(t, "testdata/known_answers.json", &file)
	ran := 0
	for _, raw := range file.Vectors {
		var v knownAnswer
		require.NoError(t, json.Unmarshal(raw, &v))
		run, ok := runners[v.Kind]
		require.True(t, ok, "%s: unknown kind %q", v.ID, v.Kind)
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			run(t, &v)
		})
		ran++
	}
	require.Equal(t, knownAnswers, ran)
	text, err := os.ReadFile("testdata/known_answers.json")
	require.NoError(t, err)
	require.Equal(t, strings.Count(string(text), `"kind":`), ran)
}

func runMultiplier(t *testing.T, v *knownAnswer) {
	t.Helper()
	if n, ok := v.Inputs["N_hex"].(string); ok {
		assert.Equal(t, primeHex, strings.ToLower(n))
		assert.Equal(t, "2", v.input(t, "g_hex"))
		assert.Equal(t, "2", plainHex(powerOfG(&[secretSize]byte{secretSize - 1: 1})))
	}
	v.requireAnswers(t, map[string][]byte{"k": unhex(t, plainHex(group().k))})
}

func runScrambler(t *testing.T, v *knownAnswer) {
	t.Helper()
	u, err := scrambler(pad(v.number(t, "A")), pad(v.number(t, "B")))
	require.NoError(t, err)
	v.requireAnswers(t, map[string][]byte{"u": u})
}

func runPublicKey(t *testing.T, v *knownAnswer) {
	t.Helper()
	c := clientWith(v.number(t, "a"))
	v.requireAnswers(t, map[string][]byte{"A": unhex(t, c.PublicKey())})
}

// runChain runs the client half as far as the vector goes. If the vector gives a signature, it uses
// the exported API.
func runChain(t *testing.T, v *knownAnswer) {
	t.Helper()
	block, timestamp := "AAAA", ""
	for _, from := range []map[string]any{v.Inputs, v.Derived} {
		for _, field := range []string{"secret_block_base64", "secret_block"} {
			if text, ok := from[field].(string); ok {
				block = text
			}
		}
		if text, ok := from["timestamp"].(string); ok {
			timestamp = text
		}
	}
	id, password := v.identity(t), v.password(t)
	c := clientWith(v.number(t, "a"))
	ch, err := ParseChallenge(v.input(t, "salt_hex"), v.input(t, "B_hex"), block)
	require.NoError(t, err)
	if want, ok := v.Inputs["A_hex"].(string); ok {
		assert.Equal(t, want, c.PublicKey())
	}
	u, err := scrambler(c.public, ch.padded)
	require.NoError(t, err)
	x := passwordExponent(ch.salt, id, password)
	key, err := c.key(id, password, ch)
	require.NoError(t, err)
	signature, err := c.Sign(id, password, ch, timestamp)
	require.NoError(t, err)
	v.requireAnswers(t, map[string][]byte{
		"k": unhex(t, plainHex(group().k)), "A": unhex(t, c.PublicKey()), "u": u, "x": x[:],
		"S":   unhex(t, plainHex(c.sharedSecret(u, id, password, ch))),
		"key": key, "signature": unbase64(t, signature),
	})
	if at, ok := v.Inputs["time"].(string); ok {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		assert.Equal(t, timestamp, Timestamp(when))
	}
}

func runReject(t *testing.T, v *knownAnswer) {
	t.Helper()
	require.Equal(t, "B mod N == 0", v.Expected["error"])
	_, err := ParseChallenge("1", v.input(t, "B_hex"), "AAAA")
	require.ErrorIs(t, err, ErrIllegalParameter)
	assert.ErrorContains(t, err, "SRP_B")
}

// runSignature checks a signature. One source uses the base64 text of the key as the key, and
// another uses a block without base64 padding.
func runSignature(t *testing.T, v *knownAnswer) {
	t.Helper()
	key := []byte(nil)
	if text, ok := v.Inputs["hmac_key_utf8"].(string); ok {
		key = []byte(text)
	} else {
		key = v.number(t, "key")
	}
	text := strings.TrimRight(v.input(t, "secret_block_base64"), "=")
	block, err := base64.RawStdEncoding.DecodeString(text)
	require.NoError(t, err)
	got := sign(key, v.identity(t), block, v.input(t, "timestamp"))
	v.requireAnswers(t, map[string][]byte{"signature": got})
}

func runSecretHash(t *testing.T, v *knownAnswer) {
	t.Helper()
	got := SecretHash(v.input(t, "username"), v.input(t, "client_id"), v.input(t, "client_secret"))
	require.Equal(t, v.Expected["secret_hash"], got)
}

// runInnerHash checks that x is derived from the inner hash that the source asserts.
func runInnerHash(t *testing.T, v *knownAnswer) {
	t.Helper()
	id, salt := v.identity(t), []byte{0, 0x80}
	var inner []byte
	if text, ok := v.Expected["sha256_hex"].(string); ok {
		inner = unhex(t, text)
	} else {
		text, ok := v.Expected["sha256_base64"].(string)
		require.True(t, ok)
		inner = unbase64(t, text)
	}
	require.Equal(t, sha256.Sum256(append(salt, inner...)), passwordExponent(salt, id, v.password(t)))
}

func runHKDF(t *testing.T, v *knownAnswer) {
	t.Helper()
	ikm, salt := v.number(t, "ikm"), v.number(t, "salt")
	info, ours := v.Inputs["info_utf8"].(string)
	if !ours {
		info = string(v.number(t, "info"))
	}
	length, ok := v.Inputs["length"].(float64)
	require.True(t, ok)
	if prk, ok := v.Expected["prk_hex"].(string); ok {
		got, err := hkdf.Extract(sha256.New, ikm, salt)
		require.NoError(t, err)
		assert.Equal(t, prk, hex.EncodeToString(got))
	}
	got, err := hkdf.Key(sha256.New, ikm, salt, info, int(length))
	require.NoError(t, err)
	require.Equal(t, v.Expected["okm_hex"], hex.EncodeToString(got))
	if !ours {
		return
	}
	got, err = signingKey(salt, nat(new(big.Int).SetBytes(ikm)))
	require.NoError(t, err)
	require.Equal(t, v.Expected["okm_hex"], hex.EncodeToString(got))
}

func runPad(t *testing.T, v *knownAnswer) {
	t.Helper()
	answers, ok := v.Expected["nonnegative"].(map[string]any)
	require.True(t, ok)
	require.Len(t, answers, 257)
	for text, want := range answers {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		number := big.NewInt(int64(n)).Bytes()
		assert.Equal(t, want, strings.ToUpper(hex.EncodeToString(pad(number))), text)
		widened := append(bytes.Repeat([]byte{0}, 5), number...)
		assert.Equal(t, want, strings.ToUpper(hex.EncodeToString(pad(widened))), text)
	}
}

func runDeviceVerifier(t *testing.T, v *knownAnswer) {
	t.Helper()
	got := newVerifier(unbase64(t, v.input(t, "salt_base64")), v.identity(t), v.password(t))
	assert.Equal(t, v.Expected["salt_base64"], base64.StdEncoding.EncodeToString(got.Salt))
	require.Equal(t, v.Expected["password_verifier_base64"], base64.StdEncoding.EncodeToString(got.Value))
	parsed, err := ParseVerifier(got.Salt, got.Value)
	require.NoError(t, err)
	require.Equal(t, got, parsed)
}

func runUserVerifier(t *testing.T, v *knownAnswer) {
	t.Helper()
	got := newVerifier(v.number(t, "salt"), v.identity(t), v.password(t))
	v.requireAnswers(t, map[string][]byte{"verifier": bytes.TrimLeft(got.Value, "\x00")})
}

func runServerPublicKey(t *testing.T, v *knownAnswer) {
	t.Helper()
	s := serverWith(Verifier{Salt: []byte{1}, Value: v.number(t, "verifier")}, v.number(t, "b"))
	v.requireAnswers(t, map[string][]byte{"B": unhex(t, s.PublicKey())})
}

func runTimestamp(t *testing.T, v *knownAnswer) {
	t.Helper()
	when, err := time.Parse(time.RFC3339, v.input(t, "time_utc"))
	require.NoError(t, err)
	require.Equal(t, TimestampLayout, v.input(t, "go_layout"))
	got := Timestamp(when)
	require.Equal(t, v.Expected["timestamp"], got)
	parsed, err := ParseTimestamp(got)
	require.NoError(t, err)
	assert.True(t, when.Equal(parsed))
}

func runTimestampReject(t *testing.T, v *knownAnswer) {
	t.Helper()
	_, err := ParseTimestamp(v.input(t, "sent"))
	require.ErrorIs(t, err, ErrMalformed)
	_, err = ParseTimestamp(v.input(t, "correct"))
	require.NoError(t, err)
}

// runFixture parses a captured challenge without an asserted signature. Its A is known.
func runFixture(t *testing.T, v *knownAnswer) {
	t.Helper()
	assert.Equal(t, v.input(t, "A_hex"), clientWith(v.number(t, "a")).PublicKey())
	text := func(name string) string {
		s, ok := v.Expected[name].(string)
		require.True(t, ok, name)
		return s
	}
	ch, err := ParseChallenge(text("SALT"), text("SRP_B"), text("SECRET_BLOCK"))
	require.NoError(t, err)
	assert.Equal(t, text("SALT"), toHex(ch.salt))
	assert.Equal(t, text("SRP_B"), toHex(ch.padded))
	assert.Equal(t, text("SECRET_BLOCK"), base64.StdEncoding.EncodeToString(ch.secretBlock))
}
