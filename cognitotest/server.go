package cognitotest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gocognito/cognito/internal/sdkhttp"
)

// Server is a running service with the pool of its [Config]. CreateUserPool adds pools. The fields,
// and the methods that take a username, refer to the first pool, even if it was deleted. The clock,
// messages, faults and requests belong to the whole server. Its methods are safe for concurrent
// use.
type Server struct {
	// URL is the endpoint of the service.
	URL string
	// UserPoolID is the pool's ID.
	UserPoolID string
	// ClientID and ClientSecret are those of the first app client. The secret is "" for a public
	// client.
	ClientID, ClientSecret string

	http      *http.Server
	client    *http.Client
	memory    *memory       // nil: listens on a port
	done      chan struct{} // closed when the server has stopped
	onMessage func(Message) // may be nil

	turn      sync.Mutex // held by operations that may call triggers; taken before mu
	mu        sync.Mutex // protects the fields below and everything that service refers to
	service   *service
	pool      *pool // the first pool, which the methods refer to
	requests  []*Request
	intercept func(http.ResponseWriter, *http.Request) bool
	faults    []*Fault
}

// Format prints the pool's ID and address, without secrets, for every verb.
func (s *Server) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Server{"+s.UserPoolID+" at "+s.URL+"}")
}

// LogValue returns the pool's ID and address.
func (s *Server) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Request is a request that the server received. Printed or logged, it shows neither header nor
// body.
type Request struct {
	// Op is the operation, such as "InitiateAuth". It is "JWKS" or "OpenIDConfiguration" for these
	// two documents, and the path for other requests.
	Op string
	// Header is the request's header.
	Header http.Header
	// Body is the decoded body, JSON or a form, including passwords. It is nil if there was none.
	Body map[string]any
	// Status is the HTTP status of the response, and ErrorType the name of the exception in it, or
	// "". They are 0 and "" until there is a response.
	Status    int
	ErrorType string
}

// Format prints the operation and its outcome, for every verb.
func (r Request) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Request{%s: %d %s}", r.Op, r.Status, r.ErrorType)
}

// LogValue returns the operation and its outcome.
func (r Request) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

const (
	maxBody     = 1 << 20 // of a request
	maxRequests = 100_000 // recorded requests; older ones are dropped

	maxReading = time.Minute     // for the header of a request, and again for its body
	maxIdle    = 5 * time.Minute // between the requests of a connection

	opJWKS      = "JWKS"
	opDiscovery = "OpenIDConfiguration"

	jwksPath      = "/.well-known/jwks.json"
	discoveryPath = "/.well-known/openid-configuration"
)

// NewServer starts a server on a free port of the loopback interface, or at [Config.Addr]. It
// panics if cfg is invalid or it cannot listen. Web pages of any origin may call the server, as
// they may call the service. Close the server when it is no longer needed.
func NewServer(cfg Config) *Server {
	cfg = cfg.withDefaults()
	transport := &http.Transport{}
	var listener net.Listener
	var inMemory *memory
	if cfg.InMemory {
		inMemory = newMemory()
		listener, transport.DialContext = inMemory, inMemory.dial
	} else {
		var err error
		//nolint:noctx // the listener lives as long as the server
		listener, err = net.Listen("tcp", cfg.Addr)
		if err != nil {
			panic("cognitotest: " + err.Error())
		}
	}
	s := &Server{
		client: &http.Client{Transport: sdkhttp.Transport{Base: transport}}, memory: inMemory,
		URL:  "http://" + reachable(listener.Addr()),
		done: make(chan struct{}), onMessage: cfg.OnMessage,
	}
	defer func() {
		if s.http == nil { // panicking
			_ = listener.Close()
		}
	}()
	s.service, s.pool = restored(cfg, s.URL)
	s.service.unlocked = s.unlocked
	s.UserPoolID, s.ClientID, s.ClientSecret = s.pool.cfg.UserPoolID, "", ""
	if clients := s.pool.cfg.Clients; len(clients) > 0 {
		s.ClientID, s.ClientSecret = clients[0].ID, clients[0].Secret
	}
	s.http = &http.Server{
		Handler:           allowOrigins(http.HandlerFunc(s.serve)),
		ReadHeaderTimeout: maxReading, IdleTimeout: maxIdle,
	}
	if cfg.InMemory {
		// The time of a bubble would leap over it. The connections end with the process.
		s.http.IdleTimeout = 0
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(listener) // always returns ErrServerClosed
	}()
	return s
}

// reachable returns the address at which a listener can be called. For a listener on all interfaces
// it is the loopback address.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}

// Close stops the server and closes its connections.
func (s *Server) Close() {
	s.client.CloseIdleConnections()
	_ = s.http.Close()
	<-s.done
}

// Issuer returns the issuer that tokens name.
func (s *Server) Issuer() string { return s.pool.cfg.Issuer }

// JWKSURL returns the URL of the key set. It is on this server, whatever the issuer is.
func (s *Server) JWKSURL() string { return s.URL + "/" + s.UserPoolID + jwksPath }

// Requests returns the requests received so far, in order of arrival: calls of the service, fetches
// of the key set, and requests to the authorization server.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Request, len(s.requests))
	for i, r := range s.requests {
		all[i] = *r
		all[i].Header = r.Header.Clone()
		all[i].Body = maps.Clone(r.Body)
	}
	return all
}

// Intercept makes fn handle all requests, including those for the key set, to simulate a hostile or
// broken service. If fn returns false, it must not have written a response, and the server handles
// the request. fn may read the request's body. Intercept(nil) removes fn.
func (s *Server) Intercept(fn func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = fn
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	// Clients correct their clocks with it.
	w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
	body, err := readBody(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	record, intercept := s.record(r, body)
	recorder := &statusRecorder{ResponseWriter: w, server: s, record: record}
	if intercept != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		if intercept(recorder, r) {
			return
		}
	}
	serve := func(w http.ResponseWriter) { s.dispatch(w, r, record.Op, body) }
	if fault := s.nextFault(record.Op); fault != nil {
		s.fail(fault, recorder, r, serve)
		return
	}
	serve(recorder)
}

// readBody reads the body of a request, which must not be too large nor take too long. The deadline
// is the body's alone: [http.Server.ReadTimeout] would also cancel the context of a request that a
// fault holds for longer.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	connection := http.NewResponseController(w)
	// Without support there is no connection.
	_ = connection.SetReadDeadline(time.Now().Add(maxReading))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case err == nil:
		_ = connection.SetReadDeadline(time.Time{})
		return body, nil
	case errors.As(err, new(*http.MaxBytesError)):
		const status = http.StatusRequestEntityTooLarge
		return nil, &apiError{status, "RequestEntityTooLargeException", "Request body is too large."}
	default:
		w.Header().Set("Connection", "close")
		return nil, &apiError{http.StatusRequestTimeout, "RequestTimeoutException", "Request body did not arrive."}
	}
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, op string, body []byte) {
	switch {
	case op == opJWKS:
		s.serveKeys(w, r)
	case op == opDiscovery:
		s.serveDiscovery(w, r)
	case s.serveOAuth(w, r, body):
	case r.Method == http.MethodPost && r.URL.Path == "/":
		s.serveOperation(w, r, op, body)
	default:
		http.NotFound(w, r)
	}
}

// record records a request and returns the interceptor to call.
func (s *Server) record(r *http.Request, body []byte) (*Request, func(http.ResponseWriter, *http.Request) bool) {
	record := &Request{Op: operation(r), Header: r.Header.Clone()}
	_ = json.Unmarshal(body, &record.Body) // other bodies are rejected later
	for name, values := range formOf(r.Header, body) {
		if record.Body == nil {
			record.Body = map[string]any{}
		}
		record.Body[name] = values[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) >= maxRequests {
		s.requests = s.requests[1:]
	}
	s.requests = append(s.requests, record)
	return record, s.intercept
}

// operation returns the operation of r, as [Request.Op] describes it.
func operation(r *http.Request) string {
	_, op, ok := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case ok:
		return op
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, jwksPath):
		return opJWKS
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, discoveryPath):
		return opDiscovery
	default:
		return (&url.URL{Path: r.URL.Path}).String()
	}
}

// statusRecorder records the outcome of a request before the client can see it.
type statusRecorder struct {
	http.ResponseWriter

	server *Server
	record *Request
	wrote  bool
}

// WriteHeader records the status and the error type, and sends the header.
func (r *statusRecorder) WriteHeader(status int) {
	if !r.wrote {
		r.wrote = true
		r.server.mu.Lock()
		r.record.Status = status
		r.record.ErrorType = strings.TrimSuffix(r.Header().Get("X-Amzn-Errortype"), ":")
		r.server.mu.Unlock()
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write sends b, with status 200 if the handler has set none.
func (r *statusRecorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.WriteHeader(http.StatusOK)
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives interceptors access to the connection through [http.ResponseController].
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// exposedHeaders are the response headers that a page of another origin may read in addition to
// those that browsers always allow.
const exposedHeaders = "Date, X-Amzn-RequestId, X-Amzn-ErrorType, X-Amzn-ErrorMessage"

// allowOrigins lets pages of any origin call next, as the service does. A browser sends a preflight
// request first, because each call has a header that is not safelisted: X-Amz-Target, and with some
// clients Cache-Control, X-Amz-User-Agent and others. allowOrigins permits what the preflight asks
// for, and next never sees it.
func allowOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Expose-Headers", exposedHeaders)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			header.Set("Access-Control-Allow-Headers", asked)
		}
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
