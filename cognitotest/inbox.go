package cognitotest

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"time"
)

// The lifetimes of codes.
const (
	codeValidity     = 24 * time.Hour
	recoveryValidity = time.Hour
)

// The purposes of messages, as in [Message.Purpose]. A user has one outstanding code for each.
const (
	purposeSignUp     = "SignUp"
	purposeInvitation = "AdminCreateUser"
	purposeRecovery   = "ForgotPassword"
	purposeVerify     = "VerifyUserAttribute"
	purposeFactor     = "Authentication"
)

// Attempts per user and hour.
const (
	requestCodeAttempts = 5
	verifyAttempts      = 15
)

// code is a code that was sent and not used yet.
type code struct {
	text      string
	attribute string
	address   string // where it was sent
	expires   time.Time
}

type codeDelivery struct {
	Destination    string
	DeliveryMedium string
	AttributeName  string
}

// Message is a message that the server delivered to a user. Printed or logged, it shows no code.
type Message struct {
	// UserPoolID is the user's pool.
	UserPoolID string
	// Username is the user's username in the pool, not an alias. In a pool with
	// [Config.UsernameAttributes] it is the sub.
	Username string
	// Destination is the e-mail address or phone number, unmasked. Medium is "EMAIL" or "SMS".
	Destination, Medium string
	// Purpose is "SignUp", "ForgotPassword", "VerifyUserAttribute", "Authentication" or
	// "AdminCreateUser".
	Purpose string
	// Code is the code. If Purpose is "AdminCreateUser", it is the temporary password.
	Code string
	// Subject and Text are the subject and the text that the trigger CustomMessage set, with the
	// code filled in. They are empty if it set none: the pool has no texts of its own.
	Subject, Text string
}

// Format prints the message without its code, for every verb.
func (m Message) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Message{"+m.Purpose+" "+m.Username+"}")
}

// LogValue returns the message's purpose and user.
func (m Message) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// Messages returns the messages delivered to the users of all pools, in order. [Server.Code]
// returns the code of a user's last one.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.service.messages)
}

// occasion describes why the pool sends a message: its purpose, and the parts of the request that
// CustomMessage gets.
type occasion struct {
	purpose  string
	source   string  // of CustomMessage, without the name of that
	client   *Client // nil for a request of an administrator's
	metadata map[string]string
}

// deliver delivers a code or a password to an address of a user and returns where it went, masked
// as the service does.
func (p *pool) deliver(u *user, why occasion, attr, address, text string) (*codeDelivery, error) {
	where := delivery(attr, address)
	m := Message{
		UserPoolID: p.cfg.UserPoolID, Username: u.username, Destination: address,
		Medium: where.DeliveryMedium, Purpose: why.purpose, Code: text,
	}
	if err := p.write(&m, u, why); err != nil {
		return nil, err
	}
	p.service.messages, p.service.sent = append(p.service.messages, m), append(p.service.sent, m)
	u.inbox = text
	return where, nil
}

// write calls CustomMessage for the text of a message.
func (p *pool) write(m *Message, u *user, why occasion) error {
	event := &CustomMessageEvent{
		TriggerEvent:  p.event("CustomMessage_"+why.source, why.client, u, u.username, why.metadata),
		CodeParameter: codePlaceholder,
	}
	if why.purpose == purposeInvitation {
		event.UsernameParameter = usernamePlaceholder
	}
	if err := trigger(p, triggerCustomMessage, p.cfg.Triggers.CustomMessage, event); err != nil {
		return err
	}
	fill := strings.NewReplacer(codePlaceholder, m.Code, usernamePlaceholder, u.username).Replace
	if m.Medium == mediumSMS {
		m.Text = fill(event.SMSMessage)
	} else {
		m.Subject, m.Text = fill(event.EmailSubject), fill(event.EmailMessage)
	}
	return nil
}

// The placeholders for the code and the username in messages of CustomMessage.
const (
	codePlaceholder     = "{####}"
	usernamePlaceholder = "{username}"
)

// sendCode delivers a new code to an address of a user. Older codes for the same purpose and
// attribute become invalid.
func (p *pool) sendCode(u *user, why occasion, attr, address string) (*codeDelivery, error) {
	validity := codeValidity
	if why.purpose == purposeRecovery {
		validity = recoveryValidity
	}
	sent := &code{text: newCode(mfaDigits), attribute: attr, address: address, expires: p.now().Add(validity)}
	u.codes[codeKey(why.purpose, attr)] = sent
	return p.deliver(u, why, attr, address, sent.text)
}

// codeKey returns the key of a user's code. Codes that verify an attribute have one key per
// attribute.
func codeKey(purpose, attr string) string {
	if purpose == purposeVerify {
		return purpose + " " + attr
	}
	return purpose
}

// checkCode returns the code that was sent under key if it matches given.
func (p *pool) checkCode(u *user, key, given string) (*code, error) {
	sent := u.codes[key]
	switch {
	case sent == nil || p.now().After(sent.expires):
		return nil, errCodeExpired
	case sent.text != given:
		return nil, errCodeMismatch
	default:
		return sent, nil
	}
}

// newCode returns random digits.
func newCode(digits int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic("cognitotest: " + err.Error()) // the random source never fails
	}
	return fmt.Sprintf("%0*d", digits, n)
}

// delivery describes where a code went, masked as the service does.
func delivery(attr, address string) *codeDelivery {
	if attr == attrPhone {
		return &codeDelivery{
			Destination:    "+" + strings.Repeat("*", max(len(address)-5, 0)) + address[max(len(address)-4, 1):],
			DeliveryMedium: "SMS", AttributeName: attr,
		}
	}
	local, domain, _ := strings.Cut(address, "@")
	masked := first(local) + "***@" + first(domain) + "***"
	return &codeDelivery{Destination: masked, DeliveryMedium: "EMAIL", AttributeName: attr}
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

type deliveryOutput struct{ CodeDeliveryDetails *codeDelivery }

// Code returns the last code or temporary password that was sent to a user of the first pool, or ""
// if there is none. It does not change when the code is used or expires. username may be an alias,
// even one that is not verified yet.
func (s *Server) Code(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.pool.find(username); u != nil {
		return u.inbox
	}
	for _, attr := range []string{attrEmail, attrPhone} {
		if found := s.pool.having(attr, username); len(found) > 0 {
			return found[0].inbox
		}
	}
	return ""
}
