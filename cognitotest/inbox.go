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

// How long codes are good for.
const (
	codeValidity     = 24 * time.Hour
	recoveryValidity = time.Hour
)

// What a message is about, as [Message.Purpose] names it; a user has one code outstanding for each.
const (
	purposeSignUp     = "SignUp"
	purposeInvitation = "AdminCreateUser"
	purposeRecovery   = "ForgotPassword"
	purposeVerify     = "VerifyUserAttribute"
	purposeFactor     = "Authentication"
)

// Attempts that a user has in an hour.
const (
	requestCodeAttempts = 5
	verifyAttempts      = 15
)

// code is a code that was sent and not used yet.
type code struct {
	text      string
	attribute string
	address   string // what it was sent to
	expires   time.Time
}

type codeDelivery struct {
	Destination    string
	DeliveryMedium string
	AttributeName  string
}

// Message is a message that a pool delivered to a user. Printed or logged it shows no code.
type Message struct {
	// UserPoolID is the user's pool.
	UserPoolID string
	// Username is the internal username.
	Username string
	// Destination is the e-mail address or phone number, unmasked; Medium is "EMAIL" or "SMS".
	Destination, Medium string
	// Purpose is "SignUp", "ForgotPassword", "VerifyUserAttribute", "Authentication" or "AdminCreateUser".
	Purpose string
	// Code is the code, or the temporary password of "AdminCreateUser".
	Code string
	// Subject and Text are what the trigger CustomMessage has written, with the code in place. They are empty where it
	// has written nothing: the pool has no text of its own.
	Subject, Text string
}

// Format prints the message without its code, whatever the verb.
func (m Message) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "Message{"+m.Purpose+" "+m.Username+"}")
}

// LogValue logs what the message is about.
func (m Message) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// Messages returns what was delivered, to the users of all pools, in order. [Server.Code] is the last one of a user's.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.service.messages)
}

// occasion is what makes the pool send a message: its purpose, and what CustomMessage is told of the request.
type occasion struct {
	purpose  string
	source   string  // of CustomMessage, without the name of that
	client   *Client // nil for a request of an administrator's
	metadata map[string]string
}

// deliver sends a code or a password to an address of a user's, and says where it went, masked as the service does. The
// trigger CustomMessage may write the message, or refuse it: then nothing is sent, but the code is good.
func (p *pool) deliver(u *user, why occasion, attr, address, text string) (*codeDelivery, error) {
	where := delivery(attr, address)
	m := Message{
		UserPoolID: p.cfg.UserPoolID, Username: u.username, Destination: address, Medium: where.DeliveryMedium, Purpose: why.purpose, Code: text,
	}
	if err := p.write(&m, u, why); err != nil {
		return nil, err
	}
	p.service.messages, p.service.sent = append(p.service.messages, m), append(p.service.sent, m)
	u.inbox = text
	return where, nil
}

// write has CustomMessage write a message.
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

// What stands for the code and the username in messages of CustomMessage.
const (
	codePlaceholder     = "{####}"
	usernamePlaceholder = "{username}"
)

// sendCode delivers a new code to an address of a user's; older ones for the same purpose and attribute are void.
func (p *pool) sendCode(u *user, why occasion, attr, address string) (*codeDelivery, error) {
	validity := codeValidity
	if why.purpose == purposeRecovery {
		validity = recoveryValidity
	}
	sent := &code{text: newCode(mfaDigits), attribute: attr, address: address, expires: p.now().Add(validity)}
	u.codes[codeKey(why.purpose, attr)] = sent
	return p.deliver(u, why, attr, address, sent.text)
}

// codeKey tells the codes of a user apart: those that verify an attribute by attribute, too.
func codeKey(purpose, attr string) string {
	if purpose == purposeVerify {
		return purpose + " " + attr
	}
	return purpose
}

// checkCode finds the code that was sent under a key, if given is it.
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

// newCode is random digits.
func newCode(digits int) string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic("cognitotest: " + err.Error()) // the random source never fails
	}
	return fmt.Sprintf("%0*d", digits, n)
}

// delivery says where a code went, masked as the service does.
func delivery(attr, address string) *codeDelivery {
	if attr == attrPhone {
		return &codeDelivery{
			Destination:    "+" + strings.Repeat("*", max(len(address)-5, 0)) + address[max(len(address)-4, 1):],
			DeliveryMedium: "SMS", AttributeName: attr,
		}
	}
	local, domain, _ := strings.Cut(address, "@")
	return &codeDelivery{Destination: first(local) + "***@" + first(domain) + "***", DeliveryMedium: "EMAIL", AttributeName: attr}
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

type deliveryOutput struct{ CodeDeliveryDetails *codeDelivery }

// Code returns the last code or temporary password that was sent to a user, who may be named by an alias that is not verified yet. It
// is "" when none was.
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
