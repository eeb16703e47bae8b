package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
)

const (
	headerLength  = 16
	longest       = 48_000_000
	opMsg         = 2013
	flagNoAnswers = 2
)

// oneAtATime passes commands on to the server one after the other. MongoDB applies an update with its condition as one
// step; FerretDB looks and writes in two, and commands at the same moment would see each other's halves.
func oneAtATime(front net.Listener, inner string) {
	var turn sync.Mutex
	for {
		client, err := front.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			server, err := net.Dial("tcp", inner)
			if err != nil {
				return
			}
			defer server.Close()
			for {
				request, err := readMessage(client)
				if err != nil {
					return
				}
				answer, err := ask(server, request, &turn)
				if err != nil {
					return
				}
				if _, err := client.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}

func ask(server net.Conn, request []byte, turn *sync.Mutex) ([]byte, error) {
	turn.Lock()
	defer turn.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	code := binary.LittleEndian.Uint32(request[12:])
	if code == opMsg && len(request) >= headerLength+4 && binary.LittleEndian.Uint32(request[headerLength:])&flagNoAnswers != 0 {
		return nil, nil
	}
	return readMessage(server)
}

// Every message begins with its length.
func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerLength)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header)
	if length < headerLength || length > longest {
		return nil, errors.New("no message")
	}
	message := make([]byte, length)
	copy(message, header)
	_, err := io.ReadFull(from, message[headerLength:])
	return message, err
}
