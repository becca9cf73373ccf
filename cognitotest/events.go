package cognitotest

import (
	"crypto/hmac"
	"encoding/hex"
	"math"
	"slices"
	"time"
)

// The kinds of events that threat protection records, and their outcomes.
const (
	eventSignIn         = "SignIn"
	eventSignUp         = "SignUp"
	eventForgotPassword = "ForgotPassword"
	eventPasswordChange = "PasswordChange"
	eventResendCode     = "ResendCode"

	eventPass = "Pass"
	eventFail = "Fail"
)

// The parts of a sign-in in an event.
const (
	partPassword = "Password"
	partMFA      = "Mfa"
)

// authEvent is an event of a user that threat protection recorded.
type authEvent struct {
	serial         int64
	id             string
	kind, response string
	created        time.Time
	address        string
	parts          []eventPart
	feedback       *eventFeedback
}

type eventPart struct{ ChallengeName, ChallengeResponse string }

type eventFeedback struct {
	FeedbackValue string
	Provider      string
	FeedbackDate  float64
}

// userAddress is the user's address in the context data of a request.
type userAddress struct {
	IPAddress string `json:"IpAddress"`
}

// protects reports whether the pool's plan has threat protection.
func (p *pool) protects() bool { return p.cfg.Tier == tierPlus }

// note records an event of a user. The pool does not estimate risks: no event has one.
func (p *pool) note(u *user, kind, response, address string, parts ...eventPart) {
	if u == nil || !p.protects() {
		return
	}
	u.events = append(u.events, &authEvent{
		serial: p.nextSerial(), id: newUUID(), kind: kind, response: response,
		created: p.now(), address: address, parts: parts,
	})
}

// noteFailure records a sign-in that failed at a part.
func (p *pool) noteFailure(l *login, part string) {
	p.note(l.user, eventSignIn, eventFail, l.address, append(l.parts(), eventPart{part, "Failure"})...)
}

// parts returns what a login has proven, in the form of events.
func (l *login) parts() []eventPart {
	var parts []eventPart
	if slices.Contains(l.methods, methodPassword) {
		parts = append(parts, eventPart{partPassword, "Success"})
	}
	if len(parts) > 0 && len(l.methods) > 1 {
		parts = append(parts, eventPart{partMFA, "Success"})
	}
	return parts
}

type listEventsInput struct {
	adminInput
	nextResults
}

// listedEvent is an event on the wire.
type listedEvent struct {
	EventID            string `json:"EventId"`
	EventType          string
	CreationDate       float64
	EventResponse      string
	EventRisk          eventRisk
	ChallengeResponses []eventPart
	EventContextData   userAddress
	EventFeedback      *eventFeedback `json:",omitempty"`
}

type eventRisk struct {
	RiskDecision                   string
	CompromisedCredentialsDetected bool
}

type listEventsOutput struct {
	AuthEvents []listedEvent
	NextToken  string `json:",omitempty"`
}

// adminListUserAuthEvents returns a user's events, newest first. The service's order is not
// documented.
func (p *pool) adminListUserAuthEvents(in *listEventsInput) (listEventsOutput, error) {
	out := listEventsOutput{AuthEvents: []listedEvent{}}
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return out, err
	}
	if !p.protects() {
		return out, errNoProtection
	}
	newest := slices.Clone(u.events)
	slices.Reverse(newest)
	serial := func(e *authEvent) int64 { return math.MaxInt64 - e.serial }
	events, next, err := cut(p, newPage(in.MaxResults, in.NextToken, "AdminListUserAuthEvents", u.sub), newest,
		serial, func(*authEvent) bool { return true })
	out.NextToken = next
	for _, e := range events {
		parts := e.parts
		if parts == nil {
			parts = []eventPart{}
		}
		out.AuthEvents = append(out.AuthEvents, listedEvent{
			EventID: e.id, EventType: e.kind, CreationDate: epoch(e.created), EventResponse: e.response,
			EventRisk: eventRisk{RiskDecision: "NoRisk"}, ChallengeResponses: parts,
			EventContextData: userAddress{e.address}, EventFeedback: e.feedback,
		})
	}
	return out, err
}

type adminFeedbackInput struct {
	adminInput
	EventID       string `json:"EventId"`
	FeedbackValue string
}

func (p *pool) adminUpdateAuthEventFeedback(in *adminFeedbackInput) (empty, error) {
	e, _, err := p.feedbackEvent(in)
	if err != nil {
		return empty{}, err
	}
	p.judge(e, in.FeedbackValue, "Admin")
	return empty{}, nil
}

// feedbackEvent returns the event that feedback refers to.
func (p *pool) feedbackEvent(in *adminFeedbackInput) (*authEvent, *user, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return nil, nil, err
	}
	if !p.protects() {
		return nil, nil, errNoProtection
	}
	i := slices.IndexFunc(u.events, func(e *authEvent) bool { return e.id == in.EventID })
	if i < 0 {
		return nil, nil, errNoEvent
	}
	return u.events[i], u, nil
}

func (p *pool) judge(e *authEvent, value, by string) {
	e.feedback = &eventFeedback{FeedbackValue: value, Provider: by, FeedbackDate: epoch(p.now())}
}

type feedbackInput struct {
	adminFeedbackInput
	FeedbackToken string
}

// updateAuthEventFeedback records the feedback of a user, who has the token from a message.
func (p *pool) updateAuthEventFeedback(in *feedbackInput) (empty, error) {
	e, u, err := p.feedbackEvent(&in.adminFeedbackInput)
	if err != nil {
		return empty{}, err
	}
	if !hmac.Equal([]byte(in.FeedbackToken), []byte(p.feedbackToken(u, e.id))) {
		return empty{}, errFeedbackToken
	}
	p.judge(e, in.FeedbackValue, "User")
	return empty{}, nil
}

func (p *pool) feedbackToken(u *user, eventID string) string {
	return hex.EncodeToString(p.stable("feedback", u.sub+" "+eventID))
}

// FeedbackToken returns the token for UpdateAuthEventFeedback. In the service it is in the links of
// the message about an event of the user. FeedbackToken panics if there is no such user.
func (s *Server) FeedbackToken(username, eventID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pool.feedbackToken(s.pool.must(username), eventID)
}
