package cognitotest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// The service's protocol: JSON 1.1 over POST, the operation in a header.
const (
	targetPrefix = "AWSCognitoIdentityProviderService."
	contentType  = "application/x-amz-json-1.1"
)

// handler answers one operation; the server's lock is held.
type handler struct {
	signed bool
	handle func(p *pool, body []byte) (any, error)
}

func unsigned[In, Out any](fn func(*pool, *In) (Out, error)) handler {
	return handler{handle: func(p *pool, body []byte) (any, error) {
		in := new(In)
		if err := json.Unmarshal(body, in); err != nil {
			return nil, exception("SerializationException", "Start of structure or map found where not expected.")
		}
		return fn(p, in)
	}}
}

func signed[In, Out any](fn func(*pool, *In) (Out, error)) handler {
	h := unsigned(fn)
	h.signed = true
	return h
}

func (s *Server) serveOperation(w http.ResponseWriter, r *http.Request, op string, body []byte) {
	out, err := s.call(r, op, body)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-RequestId", newUUID())
	if _, ok := out.(noBody); ok {
		return
	}
	_ = json.NewEncoder(w).Encode(out) // a client that is gone needs no answer
}

func (s *Server) call(r *http.Request, op string, body []byte) (any, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Target"), targetPrefix) {
		return nil, exception("UnknownOperationException", "")
	}
	h, ok := handlers[op]
	if !ok {
		return nil, exception("UnknownOperationException", "cognitotest does not know the operation "+op+".")
	}
	if h.signed && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return nil, exception("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	out, sent, err := s.locked(h, body)
	for _, m := range sent {
		s.onMessage(m)
	}
	return out, err
}

// locked carries out an operation, and returns the messages to tell of.
func (s *Server) locked(h handler, body []byte) (out any, sent []Message, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.pool.messages)
	out, err = h.handle(s.pool, body)
	if s.onMessage != nil {
		sent = slices.Clone(s.pool.messages[before:])
	}
	return out, sent, err
}

// writeError answers as the service does: the exception in headers and in the body.
func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{http.StatusInternalServerError, "InternalErrorException", err.Error()}
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-RequestId", newUUID())
	w.Header().Set("X-Amzn-ErrorType", e.kind+":")
	w.Header().Set("X-Amzn-ErrorMessage", strings.Map(headerRune, e.message))
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": e.kind, "message": e.message})
}

// headerRune puts a space for what a header cannot hold: a message may repeat what was sent.
func headerRune(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

// empty is the answer of an operation that has nothing to say.
type empty struct{}

// noBody is the answer of an operation that has no output in the service's model: nothing at all, not even {}.
type noBody struct{}

// newUUID is a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
